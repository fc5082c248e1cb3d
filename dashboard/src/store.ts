// What the page knows: the latest state, how fresh it is, and the time that passes meanwhile.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { CloudEvent } from "../../src/model/cloudevent.ts";
import type { IncidentView, StateView } from "../../src/protocol/api.ts";
import type { ApiError } from "./api.ts";

export type Connection = "connecting" | "live" | "reconnecting";

/** Older than this, what is shown may no longer be true. State comes about once a second. */
const staleAfterMs = 5_000;

export const state: Signal<StateView | undefined> = signal(undefined);
export const journal: Signal<CloudEvent | undefined> = signal(undefined);
export const connection: Signal<Connection> = signal("connecting");

/** Why there is no state yet. */
export const problem: Signal<ApiError | undefined> = signal(undefined);

/** This browser's clock, moved on once a second. */
export const now: Signal<number> = signal(Date.now());

/** When the latest state came, by this browser's clock. */
export const heardAt: Signal<number> = signal(0);

export const ageMs: ReadonlySignal<number> = computed(() => Math.max(0, now.value - heardAt.value));

export const stale: ReadonlySignal<boolean> = computed(
  () => state.value !== undefined && ageMs.value > staleAfterMs,
);

/** The daemon's wall clock, so that "ago" is right even when this browser's clock is not. */
export const daemonNow: ReadonlySignal<number> = computed(() =>
  state.value === undefined ? now.value : Date.parse(state.value.time) + ageMs.value,
);

export const isOpen = (incident: Pick<IncidentView, "state">): boolean =>
  incident.state !== "resolved" && incident.state !== "closed";

export function accept(next: StateView): void {
  const at = Date.now();
  now.value = at;
  heardAt.value = at;
  state.value = next;
}

export function startClock(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 1_000);
}
