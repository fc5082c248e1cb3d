// What can be disrupted, as it is registered, and what is known of it.
import { HomeostatError } from "../../kernel/errors.ts";
import { called, checkOptions, finiteAbove, flag } from "../../policies/options.ts";
import type { Json } from "./journal.ts";

export interface Recovery {
  /** Aborts when the time of the target is over. */
  readonly signal: AbortSignal;
  /**
   * False: `disrupt` has not answered. It may have done nothing, something or all of it, and what is
   * given is only what it saved before it acted, or nothing.
   */
  readonly known: boolean;
  /** Another process before this one left it. */
  readonly left: boolean;
}

export interface Target {
  /**
   * Does the harm and answers what `recover` needs to take exactly this back: plain JSON.
   *
   * Whatever is needed is best handed to `save` before the first thing is touched: it is on the disk
   * when `save` returns, so that a crash between the act and the answer can be undone too.
   */
  disrupt(signal: AbortSignal, save: (undo: Json) => void): unknown;
  /**
   * Takes it back. It has to bear being called when nothing was disrupted and when it was called
   * before: after a crash nobody knows, and `undo` is then undefined unless it was saved.
   */
  recover?(undo: Json | undefined, recovery: Recovery): unknown;
  /** Says that there is no way back. Such a target is disrupted only by `disruptNow`. */
  readonly irreversible?: boolean;
  /** It lives in this process and a crash undoes it: it is not written into the journal. */
  readonly inProcess?: boolean;
  /** Milliseconds from a recovery to the next disruption, in the mean; exponentially distributed. */
  readonly meanIntervalMs?: number;
  /** Milliseconds that a disruption lasts, in the mean; exponential, cut at five times the mean. */
  readonly meanDurationMs?: number;
  /** For `disrupt` and for `recover`, each; default 10,000. */
  readonly limitMs?: number;
}

/** "hanging": taken back, but `disrupt` does not heed its signal and may still do its harm. */
export type TargetState =
  | "calm"
  | "disrupting"
  | "disrupted"
  | "recovering"
  | "recovery-failed"
  | "hanging";

export interface TargetStatus {
  readonly name: string;
  readonly state: TargetState;
  readonly irreversible: boolean;
  readonly disruptions: number;
  readonly recoveries: number;
  /** Disruptions and recoveries that threw or took too long. */
  readonly failures: number;
  /** ISO 8601; since when it is not calm. */
  readonly since?: string;
}

export interface Entry {
  readonly name: string;
  readonly target: Target;
  readonly meanIntervalMs: number;
  readonly meanDurationMs: number;
  readonly limitMs: number;
  readonly removed: AbortController;
  state: TargetState;
  undo: unknown;
  known: boolean;
  left: boolean;
  /** Counts up over all targets: they are taken back in the opposite order. */
  order: number;
  since: string;
  disruptions: number;
  recoveries: number;
  failures: number;
  /** A `disrupt` that has not come back although its time is over. */
  hanging: Promise<unknown> | undefined;
  /** What is being done with it now; never rejects. */
  work: Promise<unknown>;
}

const meanIntervalMs = 3_600_000;
const meanDurationMs = 60_000;
const limitMs = 10_000;

/** @throws OPTION_INVALID, also for a target that nobody could take back. */
export function createEntry(name: string, target: Target): Entry {
  if (!/^[\w.:/-]{1,100}$/.test(name)) {
    refuse(`the name of a target is 1 to 100 letters, digits and _ . : / -, got "${name}"`);
  }
  const who = `chaos target "${name}"`;
  checkOptions<Target>(who, target, {
    disrupt: called,
    recover: called,
    irreversible: flag,
    inProcess: flag,
    meanIntervalMs: finiteAbove(0),
    meanDurationMs: finiteAbove(0),
    limitMs: finiteAbove(0),
  });
  if (typeof target.disrupt !== "function") refuse(`${who} has no disrupt`);
  const { recover, irreversible = false } = target;
  if (recover === undefined && !irreversible) {
    refuse(`${who} has no recover: give one, or say "irreversible: true" and disrupt it by hand`);
  }
  if (recover !== undefined && irreversible) refuse(`${who} is irreversible and has a recover`);
  return {
    name,
    target,
    meanIntervalMs: target.meanIntervalMs ?? meanIntervalMs,
    meanDurationMs: target.meanDurationMs ?? meanDurationMs,
    limitMs: target.limitMs ?? limitMs,
    removed: new AbortController(),
    state: "calm",
    undo: undefined,
    known: false,
    left: false,
    order: 0,
    since: "",
    disruptions: 0,
    recoveries: 0,
    failures: 0,
    hanging: undefined,
    work: Promise.resolve(),
  };
}

export function statusOf(entry: Entry): TargetStatus {
  const { name, state, disruptions, recoveries, failures, since, target } = entry;
  const irreversible = target.irreversible === true;
  const known = { name, state, irreversible, disruptions, recoveries, failures };
  return state === "calm" ? known : { ...known, since };
}

export function refuse(message: string): never {
  throw new HomeostatError("OPTION_INVALID", message);
}
