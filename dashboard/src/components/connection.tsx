// Whether what is shown is live, and how old it is when it is not.
import type { JSX } from "preact";
import { roughly, timeOfDay } from "../format.ts";
import { ageMs, connection, daemonNow, problem, stale, state } from "../store.ts";
import { reconnectNow } from "../stream.ts";
import { Shape } from "./shape.tsx";

export function ConnectionState(): JSX.Element {
  if (connection.value === "live" && !stale.value) {
    const time = new Date(daemonNow.value).toISOString();
    return (
      <span class="connection">
        <Shape name="disc" tone="ok" />
        Live <span class="quiet wide-only">{timeOfDay(time)}</span>
      </span>
    );
  }
  const word = { connecting: "Connecting", live: "Silent", reconnecting: "Reconnecting" };
  return (
    <span class="connection">
      <Shape name="ring" tone="warn" />
      {word[connection.value]}
    </span>
  );
}

export function StaleBanner(): JSX.Element | null {
  if (!stale.value) return null;
  return (
    <div class="banner banner-warn" role="status">
      <Shape name="triangle" tone="warn" />
      <p>
        <strong>This is old.</strong> The last word from Homeostat came {roughly(ageMs.value)} ago:
        what is shown may no longer be true.
      </p>
      <button type="button" class="button" onClick={reconnectNow}>
        Reconnect now
      </button>
    </div>
  );
}

export function Waiting(): JSX.Element {
  return (
    <div class="waiting" role="status">
      <h1>{problem.value?.message ?? "Connecting to Homeostat…"}</h1>
      <p class="quiet">{problem.value?.hint}</p>
    </div>
  );
}

/** Marks everything below as old, for the eye. */
export const staleClass = (): string =>
  state.value !== undefined && stale.value ? "is-stale" : "";
