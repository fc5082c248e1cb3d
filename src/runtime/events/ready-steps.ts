// Ready-made hands for recipes: does a host or port answer, run a command, restart this process.
import { type SpawnOptions, spawn } from "node:child_process";
import { connect } from "node:net";
import { deadline } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Stopping } from "../parts/stopping.ts";
import { createAlarm } from "./alarm.ts";
import { type Ask, type Step, type StepContext, step } from "./step.ts";

/**
 * Whether the machine is there: a connection that is refused says yes, as only a machine can refuse.
 * `limitMs` default 2,000.
 */
export function hostAnswers(host: string, port: number, limitMs = 2_000): Ask {
  return async (context) => (await knock(host, port, limitMs, context)) !== "silent";
}

/** Whether something listens there. `limitMs` default 2,000. */
export function portAnswers(host: string, port: number, limitMs = 2_000): Ask {
  return async (context) => (await knock(host, port, limitMs, context)) === "open";
}

function knock(
  host: string,
  port: number,
  limitMs: number,
  { clock, signal }: StepContext,
): Promise<"open" | "refused" | "silent"> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve("silent");
    const socket = connect({ host, port });
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

export interface CommandOptions extends Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid"> {
  /** Milliseconds; default 60,000. Then it is told to end, and killed 2 s later. */
  readonly limitMs?: number;
}

const outputCharsMax = 8_192;
const killAfterMs = 2_000;
/** Milliseconds for what was said before the end and is still on its way. */
const readOnMs = 200;

/** Runs a program without a shell; fails unless it exits with 0. What it said is the answer. */
export function command(
  file: string,
  args: readonly string[],
  { limitMs = 60_000, ...options }: CommandOptions = {},
): (context: Pick<StepContext, "clock" | "signal">) => Promise<string> {
  return async ({ clock, signal }) => {
    const limit = deadline(clock, limitMs, signal);
    try {
      return await runCommand(file, args, options, { clock, signal: limit.signal });
    } finally {
      limit.done();
    }
  };
}

/** Whether a program exits with 0; what it said else is the reason. */
export function commandSucceeds(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Ask {
  const run = command(file, args, options);
  return async (context) => {
    await run(context);
    return true;
  };
}

/** Both outputs as they came, the last 8,192 characters, without the end of line. */
function runCommand(
  file: string,
  args: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid">,
  { clock, signal }: Pick<StepContext, "clock" | "signal">,
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const kill = createAlarm(clock, () => void child.kill("SIGKILL"));
    const onAbort = (): void => {
      child.kill("SIGTERM");
      kill.ringIn(killAfterMs);
    };
    let failure: string | undefined;
    const over = (): void => {
      kill.off();
      left.off();
      signal.removeEventListener("abort", onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      const said = text.trim();
      const what = `${file} ${failure}${said === "" ? "" : `: ${said.slice(-500)}`}`;
      if (failure === undefined) resolve(said);
      else reject(new HomeostatError("ACTION_FAILED", what, { details: { file, args, said } }));
    };
    // A server that it started may keep the other ends of the pipes for good.
    const left = createAlarm(clock, over);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text = (text + chunk).slice(-outputCharsMax);
      });
    }
    signal.addEventListener("abort", onAbort, { once: true });
    child.once("error", (error) => {
      failure = `could not be started (${error.message})`;
      over();
    });
    child.once("exit", (code, by) => {
      if (code !== 0) failure = by === null ? `ended with code ${code}` : `was ended by ${by}`;
      left.ringIn(readOnMs);
    });
    child.once("close", over);
  });
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
