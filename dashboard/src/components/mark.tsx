// The sign of Homeostat: a line that was disturbed and came back to its level.
import type { JSX } from "preact";

export function Mark(): JSX.Element {
  return (
    <svg viewBox="0 0 28 28" class="mark" aria-hidden="true">
      <path
        d="M2 14h5.5l3-8.5 5.2 17 3-12.2 1.7 3.7H26"
        fill="none"
        stroke="currentColor"
        stroke-width="2.4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
