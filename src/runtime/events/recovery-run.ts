// One run of a recovery: its steps within a limit, then the proof that it helped, else all taken back.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { AppEvent } from "../parts/bus.ts";
import type { CheckContext, HealthView } from "../parts/health.ts";
import { orAborted, performer } from "./perform.ts";
import type { Settings, Verify } from "./recovery-options.ts";
import type { Recipe, StepTaken } from "./step.ts";

export interface RunOptions {
  readonly event: AppEvent;
  readonly attempt: number;
  readonly recipe: Recipe;
  readonly settings: Settings;
  readonly verify: Verify | undefined;
  readonly health: HealthView | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the run before its time. */
  readonly signal: AbortSignal;
  readonly tell: (step: StepTaken) => void;
}

export interface Run {
  readonly steps: readonly StepTaken[];
  /** Undefined when it helped, else why not; never rejects. */
  readonly over: Promise<string | undefined>;
}

export function begin(options: RunOptions): Run {
  const { clock, signal, settings, recipe } = options;
  const limit = deadline(clock, settings.limitMs, signal);
  const performed = performer({ ...options, signal: limit.signal });

  const run = async (): Promise<string | undefined> => {
    // What told of the failure goes on first: a recovery runs in the background.
    await Promise.resolve();
    try {
      for (const step of recipe.steps) await performed.perform(step);
      limit.done();
      if (options.verify !== undefined) await verified(options, options.verify);
      return undefined;
    } catch (error) {
      limit.done();
      const goesOn = settings.endsProcess && signal.aborted;
      if (!goesOn) await performed.undo(settings.undoLimitMs);
      return messageOf(error);
    }
  };
  return { steps: performed.taken, over: run() };
}

/** What proves that a failure of `source` is over. */
export function verifyOf(
  { verify }: Settings,
  health: HealthView | undefined,
  source: string,
): Verify | undefined {
  if (verify === false) return undefined;
  if (verify !== undefined) return verify;
  return health?.list().some(({ name }) => name === source) ? source : undefined;
}

/** How a verification is called in events and logs. */
export function nameOf(verify: Verify | undefined): string {
  if (verify === undefined) return "nothing";
  return typeof verify === "string" ? `check ${verify}` : "question";
}

/** Resolves once it is healthy; throws when it is not in time. */
async function verified(options: RunOptions, verify: Verify): Promise<void> {
  const { clock, settings } = options;
  const limit = deadline(clock, settings.verifyMs, options.signal);
  let found = "it was not asked";
  const look = async (): Promise<boolean> => {
    const answer = await isWell(verify, options.health, { signal: limit.signal });
    found = answer.why;
    return answer.well;
  };
  const late = (): void => options.log.warn("a verification went on after it was given up");
  try {
    while (!(await orAborted(limit.signal, look, late))) {
      await clock.sleep(settings.verifyEveryMs, limit.signal);
    }
  } catch (error) {
    if (options.signal.aborted) throw error;
    const after = `${settings.verifyMs} ms after the last step`;
    throw new HomeostatError("ACTION_FAILED", `it did not help: ${found}, ${after}`);
  } finally {
    limit.done();
  }
}

/** Asks now; a question that throws, or is not answered in time, is answered no. */
export async function isWellNow(
  verify: Verify,
  { health, clock, log }: Pick<RunOptions, "health" | "clock" | "log">,
  limitMs: number,
): Promise<{ readonly well: boolean; readonly why: string }> {
  const limit = deadline(clock, limitMs);
  const late = (): void => log.warn("an answer came after it was given up", { of: nameOf(verify) });
  try {
    return await orAborted(limit.signal, () => isWell(verify, health, limit), late);
  } catch (error) {
    return { well: false, why: messageOf(error) };
  } finally {
    limit.done();
  }
}

async function isWell(
  verify: Verify,
  health: HealthView | undefined,
  context: CheckContext,
): Promise<{ readonly well: boolean; readonly why: string }> {
  try {
    if (typeof verify !== "string") {
      const well = (await verify(context)) === true;
      return { well, why: well ? "the question was answered yes" : "the question was answered no" };
    }
    if (!health) return { well: false, why: `nobody can answer for check ${verify}` };
    const { status, reason } = await health.check(verify);
    const why = `check ${verify} is ${status}${reason === undefined ? "" : ` (${reason})`}`;
    return { well: status === "healthy", why };
  } catch (error) {
    return { well: false, why: `${nameOf(verify)} failed: ${messageOf(error)}` };
  }
}
