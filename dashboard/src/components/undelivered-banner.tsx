// Says whom a page has not reached yet, and why: whoever reads this may be the only one who knows.
import type { JSX } from "preact";
import { roughly } from "../format.ts";
import { daemonNow, state } from "../store.ts";
import { Shape } from "./shape.tsx";

export function UndeliveredBanner(): JSX.Element | null {
  const urgent = (state.value?.undelivered ?? []).filter((it) => it.urgent);
  if (urgent.length === 0) return null;
  return (
    <div class="banner banner-stop">
      <Shape name="triangle" tone="bad" />
      <p>
        <strong>Not told yet:</strong>{" "}
        {urgent.map(({ channel, incident, title, since, reason, passedOn }) => (
          <span key={channel + incident}>
            {channel} of “{title}” for {roughly(daemonNow.value - Date.parse(since))}
            {reason && ` (${reason})`}
            {passedOn && `; ${passedOn} was told instead`}.{" "}
          </span>
        ))}
      </p>
    </div>
  );
}
