// What the thread that watches the main thread does; it is handed over as text, so it stands alone.

/** Places in the shared cells. */
export interface Cells {
  /** [0] counts the beats of the main thread, [1] is 1 when the watch is over. */
  readonly beats: Int32Array;
  /** [0] is the wall time of the last beat. */
  readonly wall: Float64Array;
}

export interface OuterSettings {
  readonly app: string;
  readonly json: boolean;
  readonly lookMs: number;
  readonly blockedMs: number;
  readonly exitMs: number;
  readonly graceMs: number;
  readonly exitCode: number;
}

/** A stretch in which the main thread did not beat; told to it when it beats again. */
export interface Blocked {
  readonly blockedMs: number;
  /** The innermost first; empty when the thread was in native code, or was not blocked itself. */
  readonly frames: readonly string[];
}

/** What the watch needs of its thread. */
export interface OuterTools extends Cells {
  readonly settings: OuterSettings;
  sleep(ms: number): Promise<unknown>;
  /** Has the main thread run a function's text, however busy its JavaScript is; rejects if it cannot. */
  ask(text: string): Promise<unknown>;
  /** Forgets what was asked and not answered. */
  release(): void;
  /** Writes to stderr at once; `atMs` is wall time. */
  say(level: "warn" | "error", message: string, atMs: number, stack?: readonly string[]): void;
  tell(blocked: Blocked): void;
  /** Ends the whole process by SIGKILL. */
  kill(): void;
}

type Phase = "turning" | "asked" | "told" | "ending" | "excused";

/** Runs on the main thread, in the middle of whatever it does. */
export function framesOfMain(): readonly string[] {
  const sites = process.getBuiltinModule("node:util").getCallSites(40);
  const shown = sites.filter(({ scriptName }) => scriptName !== "");
  return shown.map((site) => {
    const parts = [site.scriptName, site.lineNumber, site.columnNumber];
    const place = parts.filter((part) => part !== undefined).join(":");
    return site.functionName === "" ? place : `${site.functionName} (${place})`;
  });
}

/** Runs on the main thread. Whoever stands at a breakpoint has not blocked anything. */
export function endOfMain(code: number): string {
  if (process.getBuiltinModule("node:inspector").url() !== undefined) return "debugged";
  process.exit(code);
}

/**
 * Looks every `lookMs` whether the main thread has beaten since. Silence is counted in looks and not
 * by a clock: while the machine sleeps or the process is stopped this thread does not look either.
 */
export async function watchMain(tools: OuterTools, stack: string, end: string): Promise<void> {
  const { settings, beats, wall } = tools;
  const { lookMs, blockedMs, exitMs, graceMs, exitCode } = settings;
  let seen = 0;
  let quietMs = 0;
  /** Answers to what was asked before the last beat are not heard. */
  let turn = 0;
  let phase = "turning" as Phase;
  let frames: readonly string[] = [];

  const become = (next: Phase): void => {
    phase = next;
  };
  const say = (level: "warn" | "error", message: string, stack?: readonly string[]): void =>
    tools.say(level, message, (wall[0] ?? 0) + quietMs, stack);
  const onFrames = (answer: unknown): void => {
    frames = answer as readonly string[];
    if (phase === "asked") become("told");
    const culprit = frames.find((frame) => !frame.includes("node:")) ?? frames[0];
    if (culprit === undefined)
      say("error", `the main thread turns without a beat for ${quietMs} ms`);
    else say("error", `main thread blocked for ${quietMs} ms in ${culprit}`, frames);
  };
  const onMute = (why: unknown): void => {
    if (phase === "asked") become("told");
    const reason = why === undefined ? "in native code" : `no stack: ${why}`;
    say("error", `main thread blocked for ${quietMs} ms, ${reason}`);
  };
  const onEnd = (answer: unknown): void => {
    if (answer !== "debugged") return;
    become("excused");
    say("warn", "the process is not ended: its debugger port is open");
  };

  const ask = (text: string, then: (answer: unknown) => void, or: (why: unknown) => void): void => {
    const mine = turn;
    tools.ask(text).then(
      (answer) => void (mine === turn && then(answer)),
      (why) => void (mine === turn && or(why)),
    );
  };

  while (Atomics.load(beats, 1) === 0) {
    await tools.sleep(lookMs);
    const now = Atomics.load(beats, 0);
    if (now !== seen) {
      if (quietMs >= blockedMs) tools.tell({ blockedMs: quietMs, frames });
      if (phase !== "turning") tools.release();
      [seen, quietMs, frames, turn] = [now, 0, [], turn + 1];
      become("turning");
      continue;
    }
    quietMs += lookMs;
    if (phase === "turning" && quietMs >= blockedMs) {
      become("asked");
      ask(stack, onFrames, onMute);
    } else if (phase === "asked" && quietMs >= blockedMs + graceMs) {
      onMute(undefined);
    } else if (phase === "told" && quietMs >= exitMs) {
      become("ending");
      say("error", `no beat for ${quietMs} ms: the process ends with code ${exitCode}`);
      ask(end, onEnd, () => {});
    } else if (phase === "ending" && quietMs >= exitMs + graceMs) {
      say("error", "the main thread does not even end: the process is killed (SIGKILL)");
      tools.kill();
    }
  }
}

/** One entry for stderr, which people or a collector read. */
export function lineOf(
  { app, json }: OuterSettings,
  level: string,
  message: string,
  atMs: number,
  stack: readonly string[] = [],
): string {
  if (!json) {
    const first = `${app} watchdog [${level.toUpperCase()}] ${message}`;
    return `${[first, ...stack].join("\n    at ")}\n`;
  }
  const time = new Date(atMs).toISOString();
  const origin = { app, thread: "watchdog", logger: "watchdog" };
  return `${JSON.stringify({ time, level, ...origin, message, ...(stack.length > 0 && { stack }) })}\n`;
}

interface Answer {
  readonly result?: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string };
}

/** The real tools, made inside the thread. */
export function toolsOfThread(line: typeof lineOf): OuterTools {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const timers = process.getBuiltinModule("node:timers/promises");
  const { writeSync } = process.getBuiltinModule("node:fs");
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let session: import("node:inspector").Session | undefined;

  const connected = (): import("node:inspector").Session => {
    if (session) return session;
    const { Session } = process.getBuiltinModule("node:inspector");
    const fresh = new Session();
    fresh.connectToMainThread();
    session = fresh;
    return fresh;
  };
  const write = (text: string): void => {
    const bytes = Buffer.from(text);
    let from = 0;
    for (let tries = 0; from < bytes.length && tries < 100; tries++) {
      try {
        from += writeSync(2, bytes, from);
      } catch (error) {
        // A full pipe is waited for; a closed one takes no words any more.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
        Atomics.wait(pause, 0, 0, 10);
      }
    }
  };

  return {
    settings: workerData.settings,
    beats: new Int32Array(workerData.shared, 0, 2),
    wall: new Float64Array(workerData.shared, 8, 1),
    sleep: (ms) => timers.setTimeout(ms),
    ask: (text) =>
      new Promise((resolve, reject) => {
        const options = { expression: text, returnByValue: true, silent: true };
        connected().post("Runtime.evaluate", options, (error, answer?: Answer) => {
          const problem = error?.message ?? answer?.exceptionDetails?.text;
          if (problem === undefined) resolve(answer?.result?.value);
          else reject(problem);
        });
      }),
    release: () => {
      session?.disconnect();
      session = undefined;
    },
    say: (...said) => write(line(workerData.settings, ...said)),
    tell: (blocked) => parentPort?.postMessage(blocked),
    kill: () => process.kill(process.pid, "SIGKILL"),
  };
}

/** The program of the thread. */
export function programOf(exitCode: number): string {
  const stack = JSON.stringify(`(${framesOfMain})()`);
  const end = JSON.stringify(`(${endOfMain})(${exitCode})`);
  // `__name` is put around functions by bundlers that keep names; here it has no meaning.
  const name = "const __name = (it) => it;";
  return `"use strict"; ${name} (${watchMain})((${toolsOfThread})(${lineOf}), ${stack}, ${end});`;
}
