// What a recipe is made of: steps with a name, and ways to put steps together.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { AppEvent } from "../parts/bus.ts";
import { within } from "../parts/within.ts";

export interface StepContext {
  /** What happened. */
  readonly event: AppEvent;
  /** Aborts when the step's or the run's time is over, or the app can wait no longer. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** 1 for the first try at this failure, 2 when that did not help, and so on. */
  readonly attempt: number;
  /** A step within this one: told and recorded like any other. */
  perform<Result>(step: Step<Result>): Promise<Result>;
}

/** One thing that is done; a throw means that it did not work. */
export interface Step<Result = unknown> {
  readonly name: string;
  run(context: StepContext): Result | Promise<Result>;
  /**
   * Takes it back when the recovery did not help. Also called for a step that failed half-way, so it
   * must bear that nothing was done.
   */
  undo?(context: StepContext): unknown;
  /** Milliseconds; default what is left of the run's. */
  readonly limitMs?: number;
}

export interface Recipe {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Milliseconds that an answer may take. */
const askMs = 5_000;

/** Answers whether something is so; a throw counts as no, and so does no answer within 5,000 ms. */
export type Ask = (context: StepContext) => boolean | Promise<boolean>;

/** How one step went, in the order in which the steps began. */
export interface StepTaken {
  readonly name: string;
  /** 0 for a step of the recipe, 1 for one within it. */
  readonly depth: number;
  readonly outcome: "running" | "done" | "failed" | "undone" | "undo-failed";
  readonly tookMs: number;
  /** What it answered, where that is a word or a number. */
  readonly answer?: string;
  readonly error?: string;
}

export function step<Result>(
  name: string,
  run: (context: StepContext) => Result | Promise<Result>,
  more: { readonly undo?: (context: StepContext) => unknown; readonly limitMs?: number } = {},
): Step<Result> {
  return { name, run, ...more };
}

/** Asks and goes one way or the other. */
export function either(
  name: string,
  ask: Ask,
  ways: { readonly yes?: readonly Step[]; readonly no?: readonly Step[] },
): Step<boolean> {
  return step(name, async (context) => {
    const answer = await askOf(ask, context);
    for (const each of (answer.yes ? ways.yes : ways.no) ?? []) await context.perform(each);
    return answer.yes;
  });
}

/** Several steps under one name. */
export function sequence(name: string, ...steps: readonly Step[]): Step<void> {
  return step(name, async (context) => {
    for (const each of steps) await context.perform(each);
  });
}

/** A step whose failure is recorded and does not end the recipe. */
export function attempt(one: Step): Step<boolean> {
  return step(`${one.name}, if it can be`, async (context) => {
    try {
      await context.perform(one);
      return true;
    } catch (error) {
      if (context.signal.aborted) throw error;
      return false;
    }
  });
}

/** Tries one after the other until one works; fails with the reasons of all. */
export function firstOf(name: string, ...steps: readonly Step[]): Step<string> {
  return step(name, async (context) => {
    const reasons: string[] = [];
    for (const each of steps) {
      try {
        await context.perform(each);
        return each.name;
      } catch (error) {
        if (context.signal.aborted) throw error;
        reasons.push(`${each.name}: ${messageOf(error)}`);
      }
    }
    throw new HomeostatError("ACTION_FAILED", `none of them worked: ${reasons.join("; ")}`);
  });
}

/** Fails unless it is so. */
export function ensure(name: string, ask: Ask): Step<boolean> {
  return step(name, async (context) => {
    const answer = await askOf(ask, context);
    if (answer.yes) return true;
    throw new HomeostatError("ACTION_FAILED", `${name}: no${because(answer.error)}`);
  });
}

/** Asks every `everyMs` (1 s) until it is so; fails after `limitMs` (60 s). */
export function waitUntil(
  name: string,
  ask: Ask,
  { limitMs = 60_000, everyMs = 1_000 }: { limitMs?: number; everyMs?: number } = {},
): Step<boolean> {
  return step(name, async (context) => {
    const { clock, signal } = context;
    const until = clock.now() + limitMs;
    for (;;) {
      const answer = await askOf(ask, context);
      if (answer.yes) return true;
      signal.throwIfAborted();
      if (clock.now() >= until) {
        throw new HomeostatError("TIMED_OUT", `not within ${limitMs} ms${because(answer.error)}`);
      }
      await clock.sleep(Math.min(everyMs, until - clock.now()), signal);
    }
  });
}

/** What is asked may hang as well as be down: an answer that does not come is no. */
async function askOf(
  ask: Ask,
  context: StepContext,
): Promise<{ readonly yes: boolean; readonly error?: unknown }> {
  const { clock, signal: parent } = context;
  const late = (): unknown => parent.reason ?? new Error(`no answer within ${askMs} ms`);
  try {
    const asked = (signal: AbortSignal) => ask({ ...context, signal });
    return { yes: (await within({ clock, ms: askMs, parent }, asked, late)) === true };
  } catch (error) {
    return { yes: false, error };
  }
}

function because(error: unknown): string {
  return error === undefined ? "" : ` (${messageOf(error)})`;
}
