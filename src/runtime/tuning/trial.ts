// One try of one setting: measure, change, measure, change back, measure again, and only then keep it.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Bus } from "../parts/bus.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { within } from "../parts/within.ts";
import { type Climb, fruitless, helped, nextTry } from "./climb.ts";
import { type Comparison, compare } from "./compare.ts";
import type { ChangeReason, FullSetting, RollbackReason, TuningTold } from "./options.ts";

/** A setting and how it stands with it. */
export interface Tuned {
  readonly name: string;
  readonly setting: FullSetting;
  /** Aborts when it is taken out. */
  readonly removed: AbortController;
  /** What an earlier process found best was looked up. */
  isRecalled: boolean;
  climb: Climb;
  value: number;
  state: "waiting" | "measuring" | "on trial" | "resting";
  restUntil: number;
  rests: number;
  changes: number;
  rollbacks: number;
  last: Comparison | undefined;
}

export interface TrialOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly bus: Pick<Bus, "publish"> | undefined;
  /** Whether this setting may be changed now. */
  readonly mayChange: (tuned: Tuned) => boolean;
  /** Aborts when tuning stops. */
  readonly signal: AbortSignal;
}

/** Ends a trial: the app is not well, somebody froze it, or it stops. */
const interrupted = new HomeostatError("CANCELLED", "interrupted");

const applyMs = 10_000;
const longestRetryMs = 60_000;
/** So much worse after a third of the window is enough: the rest would only do harm. */
const harm = 0.2;

/**
 * Whether something was tried. A change that looks better is taken back and measured once more before
 * it is kept: what was better only because the world changed meanwhile is so without it too.
 */
export async function tryOne(tuned: Tuned, options: TrialOptions): Promise<boolean> {
  const { setting } = tuned;
  const next = nextTry(tuned.climb, setting);
  if (!next) return false;
  tuned.climb = next.climb;
  const from = tuned.climb.value;
  const { to } = next;
  try {
    tuned.state = "measuring";
    const before = await measured(tuned, options);
    const after = await tried(tuned, to, before, options);
    const first = judged(tuned, before, after);
    if (first.verdict !== "better") return await unhelpful(tuned, "no better", first, options);
    await putBack(tuned, from, "look again", options, first);
    const again = await measured(tuned, options, setting.settleMs);
    const second = judged(tuned, again, after);
    if (second.verdict !== "better")
      return await unhelpful(tuned, "not confirmed", second, options);
    await change(tuned, to, "proved", options, second);
    tuned.climb = helped(tuned.climb, to);
    tuned.changes += 1;
    tuned.rests = 0;
  } catch (error) {
    const why = error === interrupted ? "interrupted" : "failed";
    if (why === "failed") {
      options.log.error(`tuning ${tuned.name}: ${messageOf(error)}`, { error });
      tuned.climb = fruitless(tuned.climb);
    }
    await putBack(tuned, tuned.climb.value, why, options);
  } finally {
    tuned.state = "waiting";
  }
  return true;
}

/** Changes it, and tells everybody. @throws what `apply` throws */
export async function change(
  tuned: Tuned,
  to: number,
  why: ChangeReason,
  options: TrialOptions,
  by?: Comparison,
): Promise<void> {
  const from = tuned.value;
  // Also when it throws it may have been changed.
  tuned.value = to;
  await applied(tuned, to, options);
  tell("changed", { name: tuned.name, from, to, why, ...by }, options);
}

async function tried(
  tuned: Tuned,
  to: number,
  before: readonly number[],
  options: TrialOptions,
): Promise<readonly number[]> {
  tuned.state = "on trial";
  await change(tuned, to, "try", options);
  const { settleMs, samples, better, leastEffect } = tuned.setting;
  return measured(tuned, options, settleMs, (values) => {
    if (values.length !== Math.max(5, Math.ceil(samples / 3))) return false;
    const { verdict, gain, before: was } = compare(before, values, better, leastEffect);
    return verdict === "worse" && -gain > harm * Math.abs(was);
  });
}

async function unhelpful(
  tuned: Tuned,
  why: RollbackReason,
  by: Comparison,
  options: TrialOptions,
): Promise<true> {
  tuned.climb = fruitless(tuned.climb);
  tuned.rollbacks += 1;
  options.log.debug(`tuning ${tuned.name}: ${why}`, { ...by });
  await putBack(tuned, tuned.climb.value, why, options, by);
  const settled = tuned.setting.settleMs;
  if (why === "no better") await wait(options.clock, settled, options.signal);
  return true;
}

/** Until it works or tuning stops: nothing else is changed while a value is in force that did not help. */
async function putBack(
  tuned: Tuned,
  to: number,
  why: RollbackReason,
  options: TrialOptions,
  by?: Comparison,
): Promise<void> {
  const from = tuned.value;
  if (from === to) return;
  for (let pauseMs = 1_000; ; pauseMs = Math.min(pauseMs * 2, longestRetryMs)) {
    try {
      await applied(tuned, to, options);
      tuned.value = to;
      return tell("rolled_back", { name: tuned.name, from, to, why, ...by }, options);
    } catch (error) {
      options.log.error(`tuning ${tuned.name} could not be put back: ${messageOf(error)}`, {
        error,
      });
      if (!(await wait(options.clock, pauseMs, options.signal))) return;
    }
  }
}

/** A window of measurements. @throws interrupted; ACTION_FAILED when there were too few */
async function measured(
  tuned: Tuned,
  options: TrialOptions,
  settleMs = 0,
  isEnough: (values: readonly number[]) => boolean = () => false,
): Promise<readonly number[]> {
  const { everyMs, samples, measure } = tuned.setting;
  const { clock, mayChange, signal } = options;
  const over = AbortSignal.any([signal, tuned.removed.signal]);
  const values: number[] = [];
  const settled = clock.now() + settleMs;
  for (let looks = 0; looks < samples * 2; ) {
    const passed = await wait(clock, everyMs, over);
    if (!passed || !mayChange(tuned)) throw interrupted;
    // Only looked whether it may go on.
    if (clock.now() < settled) continue;
    looks += 1;
    const value = measure();
    if (value !== undefined && Number.isFinite(value)) values.push(value);
    if (values.length >= samples || isEnough(values)) return values;
  }
  const message = `only ${values.length} of ${samples * 2} looks at ${tuned.name} found a value`;
  throw new HomeostatError("ACTION_FAILED", message);
}

async function applied(
  { setting, name }: Tuned,
  value: number,
  { clock }: TrialOptions,
): Promise<void> {
  await within(
    { clock, ms: applyMs },
    () => setting.apply(value),
    () => new HomeostatError("TIMED_OUT", `${name} was not set within ${applyMs} ms`),
  );
}

function judged(tuned: Tuned, before: readonly number[], after: readonly number[]): Comparison {
  const { better, leastEffect } = tuned.setting;
  tuned.last = compare(before, after, better, leastEffect);
  return tuned.last;
}

function tell(what: "changed" | "rolled_back", told: TuningTold, options: TrialOptions): void {
  const { name, from, to, why } = told;
  options.log.info(`tuning ${what.replace("_", " ")}: ${name} from ${from} to ${to}, ${why}`, {
    ...told,
  });
  options.bus?.publish({ type: `tuning.${what}`, source: name, data: told });
}
