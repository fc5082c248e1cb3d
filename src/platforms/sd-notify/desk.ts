// What instances have said by sd_notify, as the daemon knows it: the latest word of each kind.
import type { Target } from "../../model/target.ts";
import type { Notes, Phase } from "../../protocol/sd-notify.ts";

/** Moments are those of the daemon's clock. */
export interface Told {
  readonly run: string;
  readonly phase?: Phase;
  readonly readyAtMs?: number;
  readonly watchdogAtMs?: number;
  readonly triggerAtMs?: number;
  readonly withinMs?: number;
  readonly extendedUntilMs?: number;
  readonly status?: string;
}

export interface Desk {
  told(target: Target): Told | undefined;
  /** What was said before counts for nothing. */
  begin(target: Target, run: string): void;
  /** News of a run that is not the current one is dropped. */
  hear(target: Target, run: string, notes: Notes): void;
  /** Calls back when something other than a sign of life was said; returns the way out. */
  watch(target: Target, onNews: () => void): () => void;
}

export interface DeskOptions {
  readonly now: () => number;
  /** Each is told once in a run. */
  readonly onOdd: (target: Target, what: "mainpid" | "bad") => void;
}

export function createDesk({ now, onOdd }: DeskOptions): Desk {
  const all = new Map<Target, Told>();
  const odd = new Set<string>();
  const watchers = new Map<Target, Set<() => void>>();

  const tellOdd = (target: Target, run: string, { mainPid, bad }: Notes): void => {
    const found = [
      ...(mainPid ? (["mainpid"] as const) : []),
      ...(bad > 0 ? (["bad"] as const) : []),
    ];
    for (const what of found) {
      const key = `${what} ${target} ${run}`;
      if (odd.has(key)) continue;
      for (const other of odd) if (other.startsWith(`${what} ${target} `)) odd.delete(other);
      odd.add(key);
      onOdd(target, what);
    }
  };
  return {
    told: (target) => all.get(target),
    begin: (target, run) => void all.set(target, { run }),
    hear: (target, run, notes) => {
      const known = all.get(target);
      // A receiver that was started anew does not know which run it hears.
      if (known && run !== "" && known.run !== run) return;
      const next = merged(known ?? { run }, notes, now());
      all.set(target, next);
      tellOdd(target, next.run, notes);
      const isNews = !known || newsOf(known) !== newsOf(next);
      if (isNews) for (const onNews of watchers.get(target) ?? []) onNews();
    },
    watch: (target, onNews) => {
      const set = watchers.get(target) ?? new Set();
      watchers.set(target, set);
      set.add(onNews);
      return () => {
        set.delete(onNews);
        if (set.size === 0 && watchers.get(target) === set) watchers.delete(target);
      };
    },
  };
}

/** What a new receiver never heard stays as it was. */
function merged(known: Told, notes: Notes, nowMs: number): Told {
  const { phase, readyMs, watchdogMs, triggerMs, withinMs, extend, status } = notes;
  return {
    ...known,
    ...(phase === undefined ? {} : { phase: phase.word }),
    ...(readyMs === undefined ? {} : { readyAtMs: nowMs - readyMs }),
    ...(watchdogMs === undefined ? {} : { watchdogAtMs: nowMs - watchdogMs }),
    ...(triggerMs === undefined ? {} : { triggerAtMs: nowMs - triggerMs }),
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(extend ? { extendedUntilMs: nowMs - extend.agoMs + extend.byMs } : {}),
    ...(status === undefined ? {} : { status }),
  };
}

/** What a probe would answer otherwise for; its moments differ by the grain of two clocks. */
function newsOf({ phase, triggerAtMs, withinMs }: Told): string {
  return `${phase} ${triggerAtMs !== undefined} ${withinMs}`;
}
