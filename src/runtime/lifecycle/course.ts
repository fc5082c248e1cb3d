// The course of an app's end: how it begins, what it runs through and what it dies of.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { type AnswerOptions, createAnswer } from "./answer.ts";
import { type Causes, createCauses } from "./causes.ts";
import type { StuckOptions } from "./stuck.ts";

export interface CourseOptions extends AnswerOptions {
  /** Milliseconds between "not ready" and the drain, for balancers to look; default 0. */
  readonly unreadyMs?: number;
  /** Exit code of what the app dies of; default by the family of its error, else 1. */
  readonly codeOf?: (cause: unknown) => number;
}

export interface Course {
  readonly signal: AbortSignal;
  readonly stopping: boolean;
  /** All steps of the shutdown have run. */
  readonly isDone: boolean;
  readonly done: Promise<number>;
  readonly causes: Causes;
  readonly exitCode: number;
  stop(why: string): void;
  die(cause: unknown): void;
  /** Nothing is left to do: stops, and leaves the code 0 to Node, which may know a better one. */
  runOut(): void;
  /** From now on the process ends with the app's code, and is watched while it stops. */
  answerProcess(): void;
  /** Takes that back. */
  leaveProcess(): void;
}

export function createCourse(parts: StuckOptions, options: CourseOptions): Course {
  const { clock, log, steps } = parts;
  const { unreadyMs = 0 } = options;
  const root = new AbortController();
  const { signal } = root;
  const causes = createCauses(options.codeOf);
  const answer = createAnswer(parts, options, causes);
  const finished = Promise.withResolvers<number>();
  let isDone = false;

  const end = async (): Promise<void> => {
    await steps.run(async (stage) => {
      if (stage === "unready" && unreadyMs > 0) await clock.sleep(unreadyMs);
    });
    isDone = true;
    answer.settle();
    const { exitCode, count, first } = causes;
    const why = count === 0 ? {} : { cause: messageOf(first) };
    // Node may have a code of its own for an app that ran out of work.
    const code = answer.setsZero || exitCode !== 0 ? { exitCode } : {};
    log.info("shutdown complete", { ...code, ...why });
    finished.resolve(exitCode);
  };
  const begin = (): void => {
    if (signal.aborted) return;
    answer.watch();
    root.abort(new HomeostatError("CANCELLED", "the app is stopping"));
    void end();
  };
  const stop = (why: string): void => {
    if (!signal.aborted) log.info(`stopping: ${why}`);
    begin();
  };

  return {
    signal,
    causes,
    stop,
    done: finished.promise,
    get stopping() {
      return signal.aborted;
    },
    get isDone() {
      return isDone;
    },
    get exitCode() {
      return causes.exitCode;
    },
    die: (cause) => {
      const late = causes.count > 0;
      if (!causes.add(cause)) return;
      const message = `${late ? "another cause to die" : "dying"}: ${messageOf(cause)}`;
      log[late ? "debug" : "warn"](message, { exitCode: causes.exitCode, error: cause });
      if (isDone) answer.settle();
      begin();
    },
    runOut: () => {
      if (!signal.aborted) answer.setsZero = false;
      stop("nothing is left to do");
      if (isDone) answer.close();
    },
    leaveProcess: answer.turnOff,
    answerProcess: () => {
      if (!answer.turnOn()) return;
      if (signal.aborted) answer.watch();
      if (isDone) answer.settle();
    },
  };
}
