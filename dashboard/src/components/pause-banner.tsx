// Says who stopped the healing, since when and why.
import type { JSX } from "preact";
import { dateAndTime, roughly } from "../format.ts";
import { daemonNow, state } from "../store.ts";
import { Shape } from "./shape.tsx";

export function PauseBanner(): JSX.Element | null {
  const paused = state.value?.paused;
  if (paused === undefined) return null;
  const agoMs = daemonNow.value - Date.parse(paused.since);
  return (
    <div class="banner banner-stop">
      <Shape name="pause" tone="bad" />
      <p>
        <strong>
          Healing was stopped by {paused.by} {roughly(agoMs)} ago
        </strong>{" "}
        ({dateAndTime(paused.since)}){paused.reason === "" ? "." : `: “${paused.reason}”.`} Services
        keep running; troubles are watched and written down, but nothing is done about them.
      </p>
    </div>
  );
}
