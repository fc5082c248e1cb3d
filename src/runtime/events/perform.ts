// Performs the steps of one run: each with its limit, told and recorded, and taken back if need be.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { AppEvent } from "../parts/bus.ts";
import type { Step, StepContext, StepTaken } from "./step.ts";

export interface Performer {
  /** In the order in which they began. */
  readonly taken: readonly StepTaken[];
  perform<Result>(step: Step<Result>): Promise<Result>;
  /** Takes back what can be, the last first; never throws. */
  undo(limitMs: number): Promise<void>;
}

export interface PerformerOptions {
  readonly event: AppEvent;
  readonly attempt: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** Hears of each step when it is over. */
  readonly tell: (step: StepTaken) => void;
}

/** A recipe that performs itself would never end. */
const stepsMax = 200;

type Draft = { -readonly [Key in keyof StepTaken]: StepTaken[Key] };

export function performer(options: PerformerOptions): Performer {
  const { clock, log, tell } = options;
  const taken: Draft[] = [];
  const undoable: { readonly step: Step; readonly draft: Draft }[] = [];

  const contextFor = (signal: AbortSignal, depth: number): StepContext => ({
    event: options.event,
    attempt: options.attempt,
    clock,
    signal,
    perform: (step) => perform(step, signal, depth),
  });

  const late = (name: string) => (): void =>
    log.warn("a step of a recovery went on after it was given up", { step: name });

  const perform = async <Result>(
    step: Step<Result>,
    parent: AbortSignal,
    depth: number,
  ): Promise<Result> => {
    if (taken.length >= stepsMax) {
      throw new HomeostatError("ACTION_FAILED", `a recovery takes at most ${stepsMax} steps`);
    }
    parent.throwIfAborted();
    const fromMs = clock.now();
    const draft: Draft = { name: step.name, depth, outcome: "running", tookMs: 0 };
    taken.push(draft);
    if (step.undo) undoable.push({ step, draft });
    const limit = step.limitMs === undefined ? undefined : deadline(clock, step.limitMs, parent);
    const signal = limit?.signal ?? parent;
    try {
      const work = (): Result | Promise<Result> => step.run(contextFor(signal, depth + 1));
      const result = await orAborted(signal, work, late(step.name));
      draft.outcome = "done";
      const answer = answerOf(result);
      if (answer !== undefined) draft.answer = answer;
      return result;
    } catch (error) {
      draft.outcome = "failed";
      draft.error = messageOf(error);
      throw error;
    } finally {
      limit?.done();
      draft.tookMs = clock.now() - fromMs;
      tell({ ...draft });
    }
  };

  const undo = async (limitMs: number): Promise<void> => {
    for (const { step, draft } of undoable.splice(0).reverse()) {
      const limit = deadline(clock, limitMs);
      try {
        const work = (): unknown => step.undo?.(contextFor(limit.signal, draft.depth + 1));
        await orAborted(limit.signal, work, late(step.name));
        draft.outcome = "undone";
      } catch (error) {
        draft.outcome = "undo-failed";
        draft.error = messageOf(error);
        log.error(`a step could not be taken back: ${draft.error}`, { step: step.name, error });
      } finally {
        limit.done();
        tell({ ...draft });
      }
    }
  };

  return { taken, perform: (step) => perform(step, options.signal, 0), undo };
}

/** The work's result, or the signal's reason as soon as it aborts, whatever the work makes of it. */
export function orAborted<Result>(
  signal: AbortSignal,
  work: () => Result | Promise<Result>,
  late: () => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const over = (): void => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) late();
    };
    const begun = new Promise<Result>((settle) => settle(work()));
    begun.then(
      (result) => {
        over();
        resolve(result);
      },
      (error: unknown) => {
        // A step that ends because its signal did is no step that went on.
        signal.removeEventListener("abort", onAbort);
        reject(error);
      },
    );
  });
}

const answerCharsMax = 200;

function answerOf(result: unknown): string | undefined {
  if (result === true) return "yes";
  if (result === false) return "no";
  if (typeof result === "number") return String(result);
  return typeof result === "string" ? result.slice(0, answerCharsMax) : undefined;
}
