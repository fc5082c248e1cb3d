// What pipelines tell over diagnostics_channel; nothing is built while nobody listens.
import { type Channel, channel } from "node:diagnostics_channel";
import type { Reason } from "./rejection.ts";

/** Something a strategy did that is not simply a call that went through. */
export interface PolicyEvent {
  readonly event:
    | "retry"
    | "retries-exhausted"
    | "retry-budget-spent"
    | "rejected"
    | "timeout"
    | "fallback"
    | "hedge"
    | "cache-hit"
    | "chaos"
    | "breaker-opened"
    | "breaker-half-opened"
    | "breaker-closed"
    | "breaker-isolated"
    | "breaker-released"
    | "limit-changed"
    | "host-ejected"
    | "host-returned";
  readonly pipeline: string;
  readonly strategy: string;
  readonly key?: string | undefined;
  readonly reason?: Reason;
  readonly error?: unknown;
  readonly attempt?: number;
  readonly delayMs?: number;
  readonly details?: unknown;
}

/** The end of one call; told only for calls that began while somebody listened. */
export interface CallEvent {
  readonly pipeline: string;
  readonly key: string | undefined;
  readonly ok: boolean;
  readonly cancelled: boolean;
  readonly repeats: number;
  readonly rejected: Reason | undefined;
  readonly error: unknown;
  readonly durationMs: number;
}

/** Carries {@link PolicyEvent}. Ask `events.hasSubscribers` before an event is built. */
export const events: Channel<unknown, PolicyEvent> = channel("homeostat:policies:event") as Channel<
  unknown,
  PolicyEvent
>;

/** Carries {@link CallEvent}. */
export const calls: Channel<unknown, CallEvent> = channel("homeostat:policies:call") as Channel<
  unknown,
  CallEvent
>;
