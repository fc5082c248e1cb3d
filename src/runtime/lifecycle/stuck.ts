// A shutdown that does not end: debug logging, a list of what is open, force, and at last the exit.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Level, Log } from "../../kernel/log.ts";
import { pulseOf } from "../../kernel/pulse.ts";
import type { ProcessFace } from "./face.ts";
import { list, look } from "./open/list.ts";
import type { Tracked, Tracker } from "./open/tracker.ts";
import type { Steps } from "./steps.ts";

/** EX_SOFTWARE: the app was told to end and could not. */
export const stuckExitCode = 70;

/** Moments of a shutdown, in milliseconds from its beginning. */
export interface Limits {
  /** Debug logging switches on and what is open is listed; default 30,000. */
  readonly debugAfterMs?: number;
  /** What is listed is closed by force; default 2,000 later. */
  readonly forceAfterMs?: number;
  /** The process ends with exit code 70; default 3,000 later. Keep it below the supervisor's KILL. */
  readonly hardAfterMs?: number;
}

/** A log whose level is read and set at run time. */
export interface LevelSwitch {
  readonly level: Level;
  setLevel(level: Level): void;
}

export interface StuckOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly levels: LevelSwitch | undefined;
  readonly tracker: Tracker;
  readonly steps: Steps;
  readonly face: ProcessFace;
}

/** All problems at once, as OPTION_INVALID. */
export function limitsOf({ debugAfterMs = 30_000, ...given }: Limits): Required<Limits> {
  const { forceAfterMs = debugAfterMs + 2_000 } = given;
  const { hardAfterMs = forceAfterMs + 3_000 } = given;
  const order = `debugAfterMs ${debugAfterMs}, forceAfterMs ${forceAfterMs}, hardAfterMs ${hardAfterMs}`;
  if (!(debugAfterMs > 0 && forceAfterMs >= debugAfterMs && hardAfterMs > forceAfterMs)) {
    const expected = "0 < debugAfterMs <= forceAfterMs < hardAfterMs";
    throw new HomeostatError("OPTION_INVALID", `shutdown: expected ${expected}, got ${order}`);
  }
  return { debugAfterMs, forceAfterMs, hardAfterMs };
}

/** Counts from now on until `left` aborts; nothing of it keeps the process alive. */
export function watchShutdown(
  options: StuckOptions,
  limits: Required<Limits>,
  left: AbortSignal,
): void {
  const { clock, log, levels, tracker, steps, face } = options;
  const beganAt = clock.now();
  const destroyAfterMs = (limits.forceAfterMs + limits.hardAfterMs) / 2;

  const tell = (): void => {
    const seconds = limits.debugAfterMs / 1_000;
    log.warn(`shutdown takes longer than ${seconds} s; switching to debug logging`);
    levels?.setLevel("debug");
    for (const step of steps.unfinished()) log.warn(`still running: shutdown step ${step}`);
    list(look(tracker, face, log), log);
  };
  const force = (how: "end" | "destroy"): void => {
    face.exitCode = stuckExitCode;
    for (const one of look(tracker, face, log).tracked) close(one, how, log);
  };
  const exit = (): void => {
    log.error(`shutdown does not end: exit ${stuckExitCode}`, { unfinished: steps.unfinished() });
    face.exit(stuckExitCode);
  };

  const plan: readonly (readonly [number, () => void])[] = [
    [limits.debugAfterMs, tell],
    [limits.forceAfterMs, () => force("end")],
    [destroyAfterMs, () => force("destroy")],
    [limits.hardAfterMs, exit],
  ];
  let next = 0;
  const beat = pulseOf(clock).beat(() => {
    if (left.aborted) return;
    try {
      plan[next]?.[1]();
    } catch (error) {
      log.error(`a stuck shutdown could not be looked at: ${messageOf(error)}`, { error });
    }
    next += 1;
    wind();
  });
  const wind = (): void => {
    const at = plan[next]?.[0];
    if (at !== undefined) beat.next(Math.max(0, beganAt + at - clock.now()));
  };
  beat.hold(false);
  wind();
}

/**
 * An app that dies does not wait for what it left open, as whoever restarts it waits for its end:
 * after `lingerMs` that is listed and the process ends with the code of the cause.
 */
export function endDying(
  options: StuckOptions,
  lingerMs: number,
  code: () => number,
  left: AbortSignal,
): void {
  const { clock, log, tracker, face } = options;
  const beat = pulseOf(clock).beat(() => {
    if (left.aborted) return;
    log.warn(`dying, and still not at the end after ${lingerMs} ms: exit ${code()}`);
    list(look(tracker, face, log), log);
    face.exit(code());
  });
  beat.hold(false);
  beat.next(lingerMs);
}

function close(one: Tracked, how: "end" | "destroy", log: Log): void {
  const { kind, endpoint, createdAt } = one;
  log.warn(`closing by force: ${kind} ${endpoint}`, { how, createdAt });
  try {
    one[how]();
  } catch (error) {
    log.warn(`${kind} ${endpoint} cannot be closed: ${messageOf(error)}`, { error });
  }
}
