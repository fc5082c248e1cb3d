// Asks an instance by running a command: healthy when it exits with 0 in time.
import { type ChildProcess, spawn } from "node:child_process";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { answered, begin, excerpt, noAnswer } from "./answer.ts";
import type { Probe, ProbeContext, ProbeTarget } from "./probe.ts";

export interface ExecProbeOptions {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** The whole environment; PORT and HOMEOSTAT_INSTANCE are added. Default: that of the daemon. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a probe prints beyond this is read and thrown away. */
const outputLimit = 65_536;

/** How long output may still come after the exit, when something outside the group holds the pipe. */
const drainMs = 50;

interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The command and all it started in its process group is gone when the check is over. */
export function execProbe(options: ExecProbeOptions): Probe {
  return {
    name: "exec",
    check: async (of, ctx) => {
      const check = begin(of, ctx);
      if (ctx.signal.aborted) return noAnswer(check);
      const child = await start(options, of);
      const output = collect(child);
      try {
        const end = await ending(child, ctx);
        const latencyMs = ctx.clock.now() - check.startedAtMs;
        killGroup(child, ctx);
        if (end === "late") return noAnswer(check);
        if (end.code === 0) return answered(check, latencyMs);
        const text = excerpt(await output.drained(ctx), 200);
        const how = end.code === null ? `killed by ${end.signal}` : `exit code ${end.code}`;
        return answered(check, latencyMs, text === "" ? how : `${how}: ${text}`);
      } finally {
        output.close();
      }
    },
  };
}

/** @throws SPAWN_FAILED: the probe itself is broken, which says nothing about the instance. */
async function start(options: ExecProbeOptions, of: ProbeTarget): Promise<ChildProcess> {
  const [file = "", ...args] = options.command;
  try {
    const child = spawn(file, args, {
      cwd: options.cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.env && { env: environmentOf(options.env, of) }),
    });
    const fault = new Promise<unknown>((settle) => child.once("error", settle));
    if (child.pid === undefined) throw await fault;
    return child;
  } catch (error) {
    const text = `the exec probe of ${of.target} cannot start ${JSON.stringify(file)} in ${options.cwd}`;
    throw new HomeostatError("SPAWN_FAILED", `${text}: ${messageOf(error)}`, { cause: error });
  }
}

function environmentOf(
  env: Readonly<Record<string, string>>,
  of: ProbeTarget,
): Record<string, string> {
  const port = of.port === undefined ? {} : { PORT: String(of.port) };
  return { ...env, ...port, HOMEOSTAT_INSTANCE: of.target };
}

interface Output {
  /** All that was printed, waiting a little for what is still in the pipe. */
  drained(ctx: ProbeContext): Promise<string>;
  close(): void;
}

function collect(child: ChildProcess): Output {
  let text = "";
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for (const stream of streams) {
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => {
      if (text.length < outputLimit) text += part.slice(0, outputLimit - text.length);
    });
  }
  return {
    drained: async ({ clock }) => {
      const wait = new AbortController();
      await Promise.race([ended, clock.sleep(drainMs, wait.signal).catch(() => {})]);
      wait.abort();
      return text;
    },
    close: () => {
      for (const stream of streams) stream.destroy();
    },
  };
}

function ending(child: ChildProcess, { signal }: ProbeContext): Promise<End | "late"> {
  const { promise, resolve } = Promise.withResolvers<End | "late">();
  const onAbort = (): void => resolve("late");
  signal.addEventListener("abort", onAbort, { once: true });
  child.once("exit", (code, by) => resolve({ code, signal: by }));
  if (signal.aborted) resolve("late");
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/** Its pid is not given to others while anything of the group is left. */
function killGroup(child: ChildProcess, { log }: ProbeContext): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH")
      log.warn("what a probe left behind cannot be ended", { pid: child.pid, code });
  }
}
