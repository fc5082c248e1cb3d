// The steps of an orderly end: stages one after another, steps of a stage at once, each with a limit.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type Stage, stages } from "../parts/stopping.ts";

const defaultLimitMs = 5_000;

/** More are most likely a loop that registers and never takes back. */
const most = 10_000;

export interface Steps {
  /** A step of a stage that is over already is run at once. Throws OPTION_INVALID. */
  add(name: string, stage: Stage, work: () => unknown, limitMs?: number): Disposable;
  /** Runs all stages; `between` is waited for after each. Never rejects. */
  run(between: (stage: Stage) => Promise<void>): Promise<void>;
  /** Names of the steps that run now or were left behind. */
  unfinished(): readonly string[];
}

interface Step {
  readonly name: string;
  readonly stage: Stage;
  readonly work: () => unknown;
  readonly limitMs: number;
}

export function createSteps(clock: Clock, log: Log): Steps {
  const waiting = new Set<Step>();
  const running = new Set<Step>();
  /** Stages before this one are over. */
  let reached = 0;

  const runOne = async (step: Step): Promise<void> => {
    const { name, stage, work, limitMs } = step;
    waiting.delete(step);
    running.add(step);
    const ended = (async () => work())().then(
      () => void running.delete(step),
      (error: unknown) => {
        running.delete(step);
        log.warn(`shutdown step ${name} failed: ${messageOf(error)}`, { stage, error });
      },
    );
    const limit = deadline(clock, limitMs);
    const over = new Promise<void>((resolve) => {
      limit.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([ended, over]);
    limit.done();
    if (!running.has(step)) return;
    log.warn(`shutdown step ${name} is left behind after ${limitMs} ms`, { stage });
  };

  const runStage = async (stage: Stage): Promise<void> => {
    const due = [...waiting].filter((step) => step.stage === stage);
    if (due.length === 0) return;
    await Promise.all(due.map(runOne));
    // A step may have registered another of its own stage.
    await runStage(stage);
  };

  return {
    add: (name, stage, work, limitMs = defaultLimitMs) => {
      if (!stages.includes(stage) || typeof work !== "function") {
        const problem = stages.includes(stage)
          ? `expected a function, got ${typeof work}`
          : `stage: expected one of ${stages.join(", ")}, got ${JSON.stringify(stage)}`;
        throw new HomeostatError("OPTION_INVALID", `shutdown step ${name}: ${problem}`);
      }
      if (!(limitMs > 0) || waiting.size >= most) {
        const problem =
          limitMs > 0
            ? `more than ${most} shutdown steps`
            : `limitMs: expected > 0, got ${limitMs}`;
        throw new HomeostatError("OPTION_INVALID", `shutdown step ${name}: ${problem}`);
      }
      const step: Step = { name, stage, work, limitMs };
      waiting.add(step);
      if (stages.indexOf(stage) < reached) void runOne(step);
      return { [Symbol.dispose]: () => void waiting.delete(step) };
    },
    run: async (between) => {
      for (const stage of stages) {
        await runStage(stage);
        reached += 1;
        await between(stage);
      }
    },
    unfinished: () => [...running].map(({ name, stage }) => `${name} (${stage})`),
  };
}
