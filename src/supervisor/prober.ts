// Asks one running instance how it is, again and again, until its process ends.
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { metrics, type Reading } from "../model/reading.ts";
import type { Probe, ProbeTarget } from "../probes/probe.ts";
import { beatOf, grain } from "./beat.ts";

export interface ProbeSchedule {
  readonly probe: Probe;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Bad answers in a row that count; default 3. */
  readonly failures?: number;
  /** Good answers in a row that count; default 1. */
  readonly successes?: number;
  /** Share of a period by which each one may be shorter, 0 to 1; default 0. */
  readonly jitter?: number;
  /** From the start of the process to the first check. */
  readonly delayMs?: number;
}

/** The probes of a service; each may be absent, one at least is there. */
export interface Probes {
  /** Holds the other two back until it was answered well. */
  readonly startup?: ProbeSchedule;
  /** Whether it wants traffic now. */
  readonly readiness?: ProbeSchedule;
  /** Whether it is to live on; without `startup` its first good answer ends the start. */
  readonly liveness?: ProbeSchedule;
}

/** What one check has come to. */
export type Answer =
  | { readonly kind: "good" | "bad"; readonly readings: readonly Reading[] }
  /** The probe does not know, and does not guess. */
  | { readonly kind: "unknown"; readonly readings: readonly Reading[] }
  /** The probe itself cannot ask: no sign of a sick target. */
  | { readonly kind: "broken"; readonly why: string };

export interface Probing {
  readonly schedule: ProbeSchedule;
  readonly of: ProbeTarget;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** While something waits for a good answer it is asked more often than each period. */
  readonly isHasty: () => boolean;
  readonly observe: (answer: Answer) => void;
}

/**
 * Readiness should not wait for a period: it is asked for so often that it is seen at most 1 % of
 * the time late that it took, and no check takes more than a quarter of the time.
 */
const hasty = { fromMs: 4, perWait: 0.01, perCost: 4 } as const;

/** A probe that does not end with its time is broken; so long it may take to clean up. */
const lateMs = 1_000;

/** Runs until `signal` aborts; probes of one instance never overlap. */
export async function keepProbing(options: Probing): Promise<void> {
  const { schedule, of, clock, signal } = options;
  const ask = asker(options);
  const begunMs = clock.now();
  const { pause, wake } = pauser(options);
  const leave = schedule.probe.watch?.(of.target, wake);
  if (leave) signal.addEventListener("abort", leave, { once: true });
  await pause((of.startedAtMs ?? begunMs) + (schedule.delayMs ?? 0));
  let first = true;
  while (!signal.aborted) {
    const fromMs = clock.now();
    const answer = await ask();
    if (signal.aborted) return;
    options.observe(answer);
    const now = clock.now();
    const hurries = options.isHasty();
    const periodMs = hurries
      ? hastyPeriod(options, now - begunMs, now - fromMs)
      : steadyPeriod(options, first);
    first &&= hurries;
    await pause(grain(fromMs + periodMs, periodMs, "floor"));
  }
}

interface Pauser {
  /** Waits until a moment, or until the signal aborts; a moment that is past is one turn away. */
  pause(untilMs: number): Promise<void>;
  /** Ends the pause of the moment, or else the next one. */
  wake(): void;
}

function pauser({ clock, signal }: Probing): Pauser {
  let over: (() => void) | undefined;
  let woken = false;
  signal.addEventListener("abort", () => over?.(), { once: true });
  return {
    pause: (untilMs) => {
      if (signal.aborted) return Promise.resolve();
      const dueMs = woken ? clock.now() : Math.max(untilMs, clock.now());
      woken = false;
      return new Promise((resolve) => {
        const end = (): void => {
          over = undefined;
          resolve();
        };
        const cancel = beatOf(clock).at(dueMs, end);
        over = () => {
          cancel();
          end();
        };
      });
    },
    wake: () => {
      if (over) over();
      else woken = true;
    },
  };
}

/** The first may be of any length: instances that were started at once shall not beat at once. */
function steadyPeriod({ schedule, random }: Probing, first: boolean): number {
  const { periodMs, jitter = 0 } = schedule;
  if (jitter === 0) return periodMs;
  return periodMs * (1 - (first ? 1 : jitter) * random());
}

function hastyPeriod({ schedule }: Probing, waitedMs: number, tookMs: number): number {
  const wantedMs = Math.max(hasty.fromMs, waitedMs * hasty.perWait, tookMs * hasty.perCost);
  return Math.min(wantedMs, schedule.periodMs);
}

/** One check at a time, also when one of them does not end. */
function asker(options: Probing): () => Promise<Answer> {
  const { schedule, of, clock, log, signal } = options;
  const told = tell(options);
  let pending: Promise<unknown> | undefined;
  let running: AbortController | undefined;
  signal.addEventListener("abort", () => running?.abort(signal.reason), { once: true });

  const ask = async (): Promise<Answer> => {
    if (pending) throw new HomeostatError("TIMED_OUT", "its last check has not ended yet");
    const time = new AbortController();
    running = time;
    const work = schedule.probe.check(of, { signal: time.signal, clock, log });
    pending = work;
    const free = (): void => {
      pending = undefined;
    };
    work.then(free, free);
    const late = limit(options, time);
    try {
      const readings = await Promise.race([work, late.promise]);
      return { kind: kindOf(readings), readings };
    } finally {
      late.done();
    }
  };
  return async () => {
    try {
      const answer = await ask();
      told(undefined);
      return answer;
    } catch (error) {
      const why = messageOf(error);
      if (!signal.aborted) told(why);
      return { kind: "broken", why };
    }
  };
}

/** Ends a check when its time is over; rejects when it does not end for that. */
function limit(
  { schedule, clock }: Probing,
  time: AbortController,
): { readonly promise: Promise<never>; readonly done: () => void } {
  const { timeoutMs } = schedule;
  const { promise, reject } = Promise.withResolvers<never>();
  const beat = beatOf(clock);
  const dueMs = grain(clock.now() + timeoutMs, timeoutMs, "ceil");
  let done = beat.at(dueMs, () => {
    time.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
    done = beat.at(dueMs + lateMs, () => {
      const text = `it did not end within ${timeoutMs + lateMs} ms`;
      reject(new HomeostatError("TIMED_OUT", text));
    });
  });
  return { promise, done: () => done() };
}

/** A probe that stays broken is told once, and again when its reason changes. */
function tell({ schedule, of, log }: Probing): (why: string | undefined) => void {
  let last: string | undefined;
  return (why) => {
    if (why === last) return;
    last = why;
    const place = { target: of.target, probe: schedule.probe.name };
    if (why === undefined) log.info("the probe works again", place);
    else log.error("the probe is broken", { ...place, why });
  };
}

function kindOf(readings: readonly Reading[]): "good" | "bad" | "unknown" {
  const sign = readings.find((it) => it.metric === metrics.probe.name);
  if (!sign) return "unknown";
  return sign.value > 0 ? "good" : "bad";
}
