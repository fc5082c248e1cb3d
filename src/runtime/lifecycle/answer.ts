// What the process itself sees of the app's end: the exit code, and the watch over its shutdown.
import type { Causes } from "./causes.ts";
import {
  endDying,
  type Limits,
  limitsOf,
  type StuckOptions,
  stuckExitCode,
  watchShutdown,
} from "./stuck.ts";

export interface AnswerOptions extends Limits {
  /** Milliseconds an app that dies waits, after its steps, for what is still open; default 1,000. */
  readonly lingerMs?: number;
}

/** Does nothing before it is turned on: a lifecycle alone leaves the process as it is. */
export interface Answer {
  /** False when it is on already. */
  turnOn(): boolean;
  /** Leaves the process to others: nothing more is listed, closed or ended. */
  turnOff(): void;
  /** Whether a clean end is a 0, whatever Node would say. */
  setsZero: boolean;
  /** The shutdown has begun. */
  watch(): void;
  /** All steps have run: sets the exit code. */
  settle(): void;
  /** All steps have run and nothing is left that could hold the process. */
  close(): void;
}

export function createAnswer(parts: StuckOptions, options: AnswerOptions, causes: Causes): Answer {
  const { face } = parts;
  const limits = limitsOf(options);
  const { lingerMs = 1_000 } = options;
  let isOn = false;
  let left = new AbortController();
  let setsZero = true;
  return {
    turnOn: () => {
      if (isOn) return false;
      isOn = true;
      left = new AbortController();
      return true;
    },
    turnOff: () => {
      isOn = false;
      left.abort();
    },
    get setsZero() {
      return setsZero;
    },
    set setsZero(value) {
      setsZero = value;
    },
    watch: () => {
      if (isOn) watchShutdown(parts, limits, left.signal);
    },
    settle: () => {
      if (!isOn || face.exitCode === stuckExitCode) return;
      if (causes.exitCode !== 0) {
        face.exitCode = causes.exitCode;
        endDying(parts, lingerMs, () => causes.exitCode, left.signal);
      } else if (setsZero) {
        face.exitCode ??= 0;
      }
    },
    close: () => {
      // Node would end with 13 where a main waits for ever, though the app was asked to stop.
      if (isOn && setsZero) face.exit(Number(face.exitCode ?? 0));
    },
  };
}
