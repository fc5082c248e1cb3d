// Captures what a Node.js process with a blocked event loop is doing, before anything is done to it.
import { basename } from "node:path";
import { type Clock, deadline } from "../kernel/clock.ts";
import type { Asked } from "./capture-asked.ts";
import { culprit, frameLines } from "./capture-frames.ts";
import { type Capture, type Description, describeProcess, familyOf } from "./capture-process.ts";
import { askLoop, type Finding, takesRequest } from "./inspector.ts";
import { closeLate } from "./inspector-close.ts";
import { linkOf } from "./inspector-port.ts";
import { type ProcessStat, readCommand, readEnvironment, readStat } from "./procfs.ts";

export interface BlockedStackOptions {
  /** The leader of an instance; it may be a wrapper such as `sh` or `npm`. */
  readonly pid: number;
  readonly clock: Clock;
  /** Ends the capture early; what is known by then is the answer. */
  readonly signal: AbortSignal;
  /**
   * Ends the work that may follow: a process that was blocked in native code opens its debugger port
   * when it goes on, and for a minute that is waited for to close it. Default: it is left open.
   */
  readonly background?: AbortSignal;
  /** How long a loop may take for one turn before it counts as blocked. Default: 400. */
  readonly turnMs?: number;
  /** Keeps in mind who is asked, and knows who is asked in vain. Default: nobody does. */
  readonly asked?: Asked;
}

/** A capture that has begun before it is wanted. */
export interface EarlyCapture {
  /** The stack as it is now; undefined when the loop turned or could not be asked. */
  now(signal: AbortSignal): Promise<Capture | undefined>;
  /** Resolves when there is nothing to be had of it any more. */
  readonly over: Promise<void>;
  /** It will not be wanted: the process is left. */
  drop(): void;
}

/** The capture takes at most 2500 ms: so long for asking, the rest for reading /proc. */
const askMs = 2_100;

/** A cluster has many processes; those that run are asked first. */
const askedLimit = 8;

/**
 * Asks the process and its descendants that run Node.js whether their event loop turns, and takes
 * the stack of one that does not: SIGUSR1 opens its inspector, which answers while JavaScript
 * blocks. The process must have been started with `--inspect-port=127.0.0.1:0`, or the port may be
 * taken. Afterwards it runs on, and its port is closed as soon as its loop turns. Captures of one
 * process must not overlap. Never throws for what is the process' own doing; if nothing can be told
 * the evidence is what /proc says, and `blocked` is absent.
 */
export async function captureBlockedStack(options: BlockedStackOptions): Promise<Capture> {
  const { clock } = options;
  const startedAt = clock.now();
  const limit = deadline(clock, askMs, options.signal);
  try {
    const found = await look(options, limit.signal);
    return { kind: "blocked-stack", ...found, tookMs: Math.round(clock.now() - startedAt) };
  } finally {
    limit.done();
  }
}

/** An early capture that nobody wants ends by itself. */
const earlyMs = 10_000;
/** So long after its beginning an inspector has opened, or the process blocks in native code. */
const openMs = 500;
/** One that has opened answers within this time. */
const soonMs = 400;

/**
 * Asks those processes of the instance that run at this moment, and waits with the answer until it is
 * wanted: to open an inspector, and to see that a loop does not turn, takes most of a capture.
 */
export function captureEarly(options: Omit<BlockedStackOptions, "signal">): EarlyCapture {
  const { clock } = options;
  const begunMs = clock.now();
  const over = new AbortController();
  const limit = deadline(clock, earlyMs, over.signal);
  const { promise: wanted, resolve: want } = Promise.withResolvers<void>();
  const found = look({ ...options, signal: limit.signal }, limit.signal, wanted)
    .catch(() => undefined)
    .finally(limit.done);
  return {
    now: async (signal) => {
      const startedAt = clock.now();
      want();
      const leftMs = Math.max(soonMs, begunMs + openMs - startedAt);
      const late = deadline(clock, leftMs, signal);
      late.signal.addEventListener("abort", () => over.abort(), { once: true });
      const told = await found;
      late.done();
      if (!told?.blocked) return undefined;
      return { kind: "blocked-stack", ...told, tookMs: Math.round(clock.now() - startedAt) };
    },
    over: found.then(() => {}),
    drop: () => over.abort(),
  };
}

type Told = Pick<Capture, "summary" | "lines" | "blocked">;

/** With `wanted` only who runs now is asked: who waits for something does not block in JavaScript. */
async function look(
  options: BlockedStackOptions,
  signal: AbortSignal,
  wanted?: Promise<void>,
): Promise<Told> {
  const { pid } = options;
  const family = familyOf(pid).filter(isNode);
  const nodes = wanted ? await running(family, options.clock) : family;
  const stopped = nodes.find(isStopped);
  const asked = nodes
    .filter((stat) => !isStopped(stat) && takesRequest(stat.pid))
    .filter((stat) => !options.asked?.isDeaf(stat.pid))
    .toSorted(runningFirst);
  const findings = await askAll(
    asked.slice(0, askedLimit).map((stat) => stat.pid),
    options,
    signal,
    wanted,
  );
  const blocked = findings.find((finding) => finding.kind === "blocked");
  if (blocked) return tellBlocked(blocked);
  if (stopped)
    return tell(stopped.pid, "stopped by a signal: no code runs", describeProcess(stopped.pid));
  const mute = findings.find((finding) => finding.kind === "mute");
  if (mute) return tellMute(mute.pid, options.signal.aborted);
  const turning = findings.find((finding) => finding.kind === "turning");
  if (turning) return tellTurning(findings);
  const description = describeProcess(pid);
  if (description.lines.length === 0) return { summary: description.summary, lines: [] };
  return tell(pid, `${unasked(nodes)}; ${description.summary}`, description);
}

function unasked(nodes: readonly ProcessStat[]): string {
  if (nodes.length === 0) return "not a Node.js process";
  return nodes.some((stat) => takesRequest(stat.pid))
    ? "has its own use for SIGUSR1, so it is not asked"
    : "takes no SIGUSR1, so it cannot be asked";
}

/** One that computes may wait for a moment, for a page or another thread: it is looked at again. */
async function running(
  family: readonly ProcessStat[],
  clock: Clock,
): Promise<readonly ProcessStat[]> {
  const seen = new Set<ProcessStat>();
  for (let looks = 0; looks < 5 && seen.size < family.length; looks++) {
    if (looks > 0) await clock.sleep(2);
    for (const stat of family) if (readStat(stat.pid)?.state === "R") seen.add(stat);
  }
  return family.filter((stat) => seen.has(stat));
}

/** All at once, since each may take as long as there is; one blocked loop ends the questions. */
async function askAll(
  pids: readonly number[],
  { pid: leader, clock, background, turnMs, asked }: BlockedStackOptions,
  signal: AbortSignal,
  wanted?: Promise<void>,
): Promise<readonly Finding[]> {
  const found = new AbortController();
  const until = AbortSignal.any([signal, found.signal]);
  return Promise.all(
    pids.map(async (pid) => {
      const turn = turnMs === undefined ? {} : { turnMs };
      const kept = { leader, ...(asked && { asked }), ...(background && { background }) };
      const search = { clock, signal: until, ...turn, ...kept, ...(wanted && { wanted }) };
      const finding = await askLoop(pid, search);
      if (finding.kind === "blocked") found.abort();
      if (finding.kind === "mute" && background) {
        const late = { clock, signal: background, ...(asked && { asked }) };
        void closeLate(pid, finding.before, late);
      }
      return finding;
    }),
  );
}

function tellBlocked(finding: Finding & { readonly kind: "blocked" }): Told {
  const cwd = linkOf(`/proc/${finding.pid}/cwd`);
  return {
    summary: `event loop blocked ${culprit(finding.frames, cwd)}`,
    lines: frameLines(finding.frames, cwd),
    blocked: true,
  };
}

function tellTurning(findings: readonly Finding[]): Told {
  const lines = findings.flatMap((finding) =>
    finding.kind === "turning"
      ? [`process ${finding.pid}: the event loop turned after ${Math.round(finding.afterMs)} ms`]
      : [],
  );
  return { summary: "event loop answers (not blocked)", lines, blocked: false };
}

function tellMute(pid: number, isCancelled: boolean): Told {
  const description = describeProcess(pid);
  if (description.lines.length === 0) return { summary: description.summary, lines: [] };
  const children = description.children.map((text) => `; child: ${text}`).join("");
  if (isCancelled)
    return tell(pid, `the capture was ended before it could tell${children}`, description);
  const why = hasOwnPort(pid)
    ? "blocked in native code, unless it has its own use for SIGUSR1"
    : "no inspector opened: blocked in native code, or its port is taken";
  return tell(pid, `${why}${children || `; ${description.summary}`}`, description);
}

function tell(pid: number, summary: string, { lines }: Description): Told {
  return { summary, lines: [`process ${pid}`, ...lines] };
}

function isNode(stat: ProcessStat): boolean {
  const program = basename(linkOf(`/proc/${stat.pid}/exe`) ?? "");
  return /^node(js)?[-.\d]*( \(deleted\))?$/.test(program);
}

/** A signal would wait, and open a debugger port when the process goes on. */
function isStopped(stat: ProcessStat): boolean {
  return stat.state === "T" || stat.state === "t";
}

/** Whether it was told to choose a free port, so that the inspector can only fail to start. */
function hasOwnPort(pid: number): boolean {
  const given = [readEnvironment(pid)?.NODE_OPTIONS ?? "", ...readCommand(pid)];
  return given.some((text) => /--(inspect|debug)-port=(\S+:)?0(\s|$)/.test(text));
}

function runningFirst(a: ProcessStat, b: ProcessStat): number {
  return Number(b.state === "R") - Number(a.state === "R") || b.pid - a.pid;
}
