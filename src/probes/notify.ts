// Takes what the instance says by sd_notify(3): that it is ready, and that it is alive.
import { formatDuration } from "../kernel/duration.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Target } from "../model/target.ts";
import { answered, begin, type Check, excerpt, failed, noAnswer } from "./answer.ts";
import type { Probe, ProbeTarget } from "./probe.ts";

/** What an instance has said in this run; moments are loop time. */
export interface Notified {
  readonly phase?: "ready" | "reloading" | "stopping";
  readonly readyAtMs?: number;
  readonly watchdogAtMs?: number;
  readonly triggerAtMs?: number;
  /** It has set another limit for its signs of life. */
  readonly withinMs?: number;
  /** It has asked for more time. */
  readonly extendedUntilMs?: number;
  readonly status?: string;
}

/** Who hears it. */
export interface NotifyEar {
  readonly told: (target: Target) => Notified | undefined;
  /** Brings `told` up to date. @throws NOTIFY_ABSENT */
  readonly ask: (target: Target) => Promise<void>;
  readonly watch: (target: Target, onNews: () => void) => () => void;
  /** Since when everything was heard; undefined while nothing is. */
  readonly hearsSinceMs: () => number | undefined;
}

export interface NotifyProbeOptions {
  readonly ear: NotifyEar;
  /** started: READY=1 was said · ready: and nothing else since · alive: WATCHDOG=1 comes in time. */
  readonly word: "started" | "ready" | "alive";
  /** The longest time between two signs of life. */
  readonly withinMs?: number;
  /** Another probe has seen its start end: its time counts from the first check then. */
  readonly begun?: boolean;
}

/** Undefined when the instance is well. */
type Verdict = { readonly note: string; readonly silent: boolean } | undefined;

export function notifyProbe(options: NotifyProbeOptions): Probe {
  const { ear, word } = options;
  const life = word === "alive" ? signsOfLife(options) : undefined;
  return {
    name: "notify",
    watch: ear.watch,
    check: async (of, ctx) => {
      const check = begin(of, ctx);
      if (ctx.signal.aborted) return noAnswer(check);
      if (ear.hearsSinceMs() === undefined) throw absent(of, "nobody hears it");
      const judge = (): Verdict =>
        life ? life(of, ctx.clock.now()) : phaseOf(word, ear.told(of.target));
      let verdict = judge();
      if (verdict && life) {
        // What it has said may be on its way here, behind what this process was busy with.
        await askFor(ear, check);
        verdict = judge();
      }
      return [...tell(check, verdict), ...extension(check, word, ear.told(of.target))];
    },
  };
}

function tell(check: Check, verdict: Verdict): readonly Reading[] {
  if (verdict?.silent) return failed(check, verdict.note);
  return answered(check, check.ctx.clock.now() - check.startedAtMs, verdict?.note);
}

function phaseOf(word: "started" | "ready" | "alive", told: Notified = {}): Verdict {
  const { phase, readyAtMs, status } = told;
  if (phase === "stopping") return said("it says that it is stopping", status);
  if (readyAtMs === undefined) return said("it has not said READY=1", status);
  if (word === "ready" && phase === "reloading")
    return said("it says that it is reloading", status);
  return undefined;
}

function signsOfLife({ ear, withinMs = 0, begun = false }: NotifyProbeOptions) {
  /** When each run was looked at first. */
  const first = new Map<Target, { readonly startedAtMs: number; readonly atMs: number }>();
  return ({ target, startedAtMs = 0 }: ProbeTarget, nowMs: number): Verdict => {
    const known = first.get(target);
    const since = known?.startedAtMs === startedAtMs ? known : { startedAtMs, atMs: nowMs };
    first.set(target, since);
    const { watchdogAtMs, readyAtMs, triggerAtMs, status, ...told } = ear.told(target) ?? {};
    if (triggerAtMs !== undefined) {
      return said("it says that it has failed (WATCHDOG=trigger)", status);
    }
    if ((watchdogAtMs ?? readyAtMs) === undefined && !begun) {
      return said("it has not said WATCHDOG=1", status);
    }
    const limitMs = told.withinMs ?? withinMs;
    const moments = [watchdogAtMs, readyAtMs, begun ? since.atMs : undefined, ear.hearsSinceMs()];
    const agoMs = nowMs - Math.max(...moments.map((it) => it ?? 0));
    if (agoMs <= limitMs) return undefined;
    const span = `${formatDuration(agoMs)}, limit ${formatDuration(limitMs)}`;
    return said(`no answer: no WATCHDOG=1 for ${span}`, status, true);
  };
}

function said(text: string, status: string | undefined, silent = false): Verdict {
  const words = status === undefined ? "" : excerpt(status, 120);
  return { note: words === "" ? text : `${text}: ${words}`, silent };
}

async function askFor(ear: NotifyEar, { of, ctx }: Check): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void => reject(absent(of, "the receiver does not answer"));
  ctx.signal.addEventListener("abort", late, { once: true });
  try {
    await Promise.race([ear.ask(of.target), promise]);
  } catch (error) {
    throw error instanceof HomeostatError ? error : absent(of, messageOf(error));
  } finally {
    ctx.signal.removeEventListener("abort", late);
  }
}

/** For the loop, which holds the time that a start may take. */
function extension(
  { of, ctx }: Check,
  word: NotifyProbeOptions["word"],
  told: Notified | undefined,
): readonly Reading[] {
  const nowMs = ctx.clock.now();
  const leftMs = (told?.extendedUntilMs ?? 0) - nowMs;
  if (word !== "started" || leftMs <= 0) return [];
  return [reading(of.target, metrics.probeExtended, leftMs, nowMs)];
}

function absent(of: ProbeTarget, why: string): HomeostatError {
  return new HomeostatError("NOTIFY_ABSENT", `the notify probe of ${of.target}: ${why}`);
}
