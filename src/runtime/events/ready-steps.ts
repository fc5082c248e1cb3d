// Ready-made hands for recipes: does a host or port answer, run a command, restart this process.

import { createAlarm } from "../../kernel/alarm.ts";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { endInWords, type RunCommandOptions, runCommand, saidBy } from "../parts/command.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Step, type StepContext, step } from "./step.ts";

/** An ask that needs no event, so that it can be asked before there is one: see `preflight`. */
export type Look = (context: Pick<StepContext, "clock" | "signal">) => Promise<boolean>;

/**
 * Whether the machine is there: a connection that is refused says yes, as only a machine can refuse.
 * `limitMs` default 2,000.
 */
export function hostAnswers(host: string, port: number, limitMs = 2_000): Look {
  return async (context) => (await knock(host, port, limitMs, context)) !== "silent";
}

/** Whether something listens there. `limitMs` default 2,000. */
export function portAnswers(host: string, port: number, limitMs = 2_000): Look {
  return async (context) => (await knock(host, port, limitMs, context)) === "open";
}

function knock(
  host: string,
  port: number,
  limitMs: number,
  { clock, signal }: Pick<StepContext, "clock" | "signal">,
): Promise<"open" | "refused" | "silent"> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve("silent");
    const socket = builtin("node:net").connect({ host, port });
    const say = (what: "open" | "refused" | "silent"): void => {
      alarm.off();
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(what);
    };
    const onAbort = (): void => say("silent");
    const alarm = createAlarm(clock, () => say("silent"));
    alarm.ringIn(limitMs);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => say("open"));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      say(error.code === "ECONNREFUSED" ? "refused" : "silent"),
    );
  });
}

export type CommandOptions = Omit<RunCommandOptions, "clock" | "signal">;

/**
 * Runs a program without a shell; fails unless it exits with 0. What it said is the answer: stdout,
 * then stderr, of each the last 8,192 bytes.
 */
export function command(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): (context: Pick<StepContext, "clock" | "signal">) => Promise<string> {
  return async ({ clock, signal }) => {
    const ran = await runCommand(file, args, { maxOutput: 8_192, ...options, clock, signal });
    const said = saidBy(ran);
    if (ran.ok) return said;
    const details = { file, args, said };
    throw new HomeostatError("ACTION_FAILED", `${file} ${endInWords(ran)}`, { details });
  };
}

/** Whether a program exits with 0; what it said else is the reason. */
export function commandSucceeds(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Look {
  const run = command(file, args, options);
  return async (context) => {
    await run(context);
    return true;
  };
}

/**
 * Ends this process in order, with a code that makes its supervisor start it again. Register the
 * recovery with `endsProcess: true` and a `kept` state, so that the process that follows looks whether
 * it helped and does not end itself for the same failure again.
 */
export function restartThisProcess(stopping: Pick<Stopping, "die">): Step<void> {
  return step("restart this process", ({ event, signal }) => {
    stopping.die(new HomeostatError("ACTION_FAILED", `restarted because of ${event.type}`));
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  });
}
