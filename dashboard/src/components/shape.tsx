// The small signs that carry a state together with its word and colour.
import type { JSX } from "preact";
import type { ShapeName, Tone } from "../words.ts";

const line = { fill: "none", stroke: "currentColor", "stroke-width": 2 } as const;
const round = { ...line, "stroke-linecap": "round", "stroke-linejoin": "round" } as const;

const drawings: Readonly<Record<ShapeName, JSX.Element>> = {
  disc: <circle cx="8" cy="8" r="5.5" fill="currentColor" />,
  ring: <circle cx="8" cy="8" r="5.5" {...round} stroke-dasharray="24 10.6" class="turning" />,
  hollow: <path d="M8 2.5 13.5 8 8 13.5 2.5 8Z" {...round} />,
  diamond: <path d="M8 1.5 14.5 8 8 14.5 1.5 8Z" fill="currentColor" />,
  triangle: <path d="M8 2.2 14.4 13.4H1.6Z" {...round} fill="currentColor" />,
  cross: <path d="m3.5 3.5 9 9m0-9-9 9" {...round} stroke-width={3} />,
  check: <path d="m2.5 8.6 3.7 3.7 7.3-8" {...round} stroke-width={2.4} />,
  octagon: <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3Z" fill="currentColor" />,
  lines: <path d="M2 3.5h12M2 8h12M2 12.5h7" {...round} />,
  shield: <path d="M8 1.5 13.5 3.5v4c0 3.5-2.3 5.8-5.5 7-3.2-1.2-5.5-3.5-5.5-7v-4Z" {...round} />,
  pause: <path d="M5 3v10m6-10v10" {...round} stroke-width={3} />,
  play: <path d="M4.5 2.8v10.4L13 8Z" {...round} fill="currentColor" />,
};

export function Shape(props: { name: ShapeName; tone?: Tone }): JSX.Element {
  return (
    <svg
      viewBox="0 0 16 16"
      class={`shape ${props.tone === undefined ? "" : `tone-${props.tone}`}`}
      aria-hidden="true"
    >
      {drawings[props.name]}
    </svg>
  );
}
