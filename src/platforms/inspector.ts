// Asks one Node.js process whether its event loop turns, and for its stack when it does not.
import {
  findInspector,
  type InspectorAddress,
  readListeners,
  type Search,
} from "./inspector-port.ts";
import { type Frame, framesOf, isOwn, openSession, type Session } from "./inspector-session.ts";
import { isGone, isRunning, readProc } from "./procfs.ts";

export type Finding =
  | { readonly kind: "blocked"; readonly pid: number; readonly frames: readonly Frame[] }
  | { readonly kind: "turning"; readonly pid: number; readonly afterMs: number }
  /** No JavaScript ran, or not soon enough; with the inodes of the listeners it had before. */
  | { readonly kind: "mute"; readonly pid: number; readonly before: ReadonlySet<string> }
  | { readonly kind: "gone"; readonly pid: number };

/** How long a loop may take for one turn before it counts as blocked, unless the search says so. */
const turnUsualMs = 400;

export interface TurnSearch extends Search {
  readonly turnMs?: number;
  /** Until then a loop that does not turn is waited for; it is told as it is then. */
  readonly wanted?: Promise<void>;
}

/** How long a port that opens late is waited for, and how often it is looked for. */
const lateMs = 60_000;
const lateLookMs = 500;

/** What is kept in the process between a capture and the closing of its port. */
const slot = 'globalThis[Symbol.for("homeostat.inspector")]';

/**
 * Evaluating `1` would not do: V8 runs the inspector's messages in the middle of a loop that never
 * ends. The promise is resolved by the loop only. A closing that still stands is called off first.
 */
const turn = {
  expression: `clearTimeout(${slot}?.timer), ${slot} = undefined,
    new Promise((resolve) => setImmediate(resolve, 1))`,
  awaitPromise: true,
  returnByValue: true,
};

/**
 * Closes the port half a second after the loop has turned. Node.js crashes when its inspector is
 * closed while a WebSocket says goodbye (both send the frame that ends it, and the handler is freed
 * by the first): seen in WsHandler::OnCloseFrameWritten of 24.21. So the goodbye must be long over;
 * `setImmediate` comes before the timer because a timer set in a blocked loop is due at once.
 */
const closePort = {
  expression: `{
    const closing = (${slot} = {});
    setImmediate(() => {
      if (${slot} !== closing) return;
      closing.timer = setTimeout(() => {
        ${slot} = undefined;
        (process._debugEnd ?? process.getBuiltinModule("node:inspector").close)();
      }, 500);
      closing.timer.unref();
    });
  }`,
};

/** The process runs all the time. */
export async function askLoop(pid: number, search: TurnSearch): Promise<Finding> {
  const before = new Set(readListeners(pid).map(({ inode }) => inode));
  // A port that is just being closed after an earlier capture may end the first session.
  for (let attempt = 0; attempt < 3 && !search.signal.aborted; attempt++) {
    const address = await findInspector(pid, before, () => requestInspector(pid), search);
    const session = address && (await openSession(address, search.signal));
    if (!session) continue;
    const finding = await question(pid, session, search);
    leave(session);
    if (finding) return finding;
  }
  return muteOrGone({ kind: "mute", pid, before }, search);
}

/** A process that dies closes its sockets some milliseconds before it is gone. */
async function muteOrGone(mute: Finding, { clock, signal }: Search): Promise<Finding> {
  for (let look = 0; look < 10 && isRunning(mute.pid) && !signal.aborted; look++) {
    await clock.sleep(20, signal).catch(() => {});
  }
  return isRunning(mute.pid) ? mute : { kind: "gone", pid: mute.pid };
}

/** Undefined when the time or the session ended before there was an answer. */
async function question(
  pid: number,
  session: Session,
  { clock, signal, turnMs = turnUsualMs, wanted }: TurnSearch,
): Promise<Finding | undefined> {
  const startedAt = clock.now();
  const over = new AbortController();
  const search = { clock, signal: AbortSignal.any([signal, over.signal]) };
  const turned = session
    .call("Runtime.evaluate", turn)
    .then((reply) =>
      reply ? ({ kind: "turning", pid, afterMs: clock.now() - startedAt } as const) : never(),
    );
  // Stacks are kept of what is thrown from now on.
  void session.call("Runtime.enable");
  const ended = Promise.race([aborted(signal), session.closed]).then(() => undefined);
  const patience = clock.sleep(turnMs, search.signal).then(
    () => wanted?.then(() => "blocked" as const) ?? ("blocked" as const),
    () => undefined,
  );
  try {
    const soon = await Promise.race([turned, ended, patience]);
    if (soon !== "blocked") return soon;
    void keepTalking(session, search);
    return await Promise.race([turned, stackOf(pid, session, search), ended]);
  } finally {
    over.abort();
  }
}

/**
 * The inspector holds small messages back until what it said before was acknowledged, and the kernel
 * acknowledges 40 ms late unless something is said. What is said means nothing to a process that runs.
 */
async function keepTalking(session: Session, { clock, signal }: Search): Promise<void> {
  for (let said = 0; said < 25 && !signal.aborted; said++) {
    await clock.sleep(4, signal).catch(() => {});
    if (!signal.aborted) session.nudge();
  }
}

/** A new one each time: one for all would hold on to everything that ever waited for it. */
const never = (): Promise<never> => new Promise(() => {});

/**
 * V8 runs an evaluation on top of the loop that blocks, so what it throws has the stack of that loop:
 * measured, 1 ms, where a debugger that pauses the process takes 20. A loop of microtasks or ticks is
 * often met in Node's own code between two of them: then it is asked again some milliseconds later.
 */
async function stackOf(pid: number, session: Session, { clock, signal }: Search): Promise<Finding> {
  let frames: readonly Frame[] = [];
  for (let attempt = 0; attempt < 6 && !signal.aborted; attempt++) {
    const reply = await session.call("Runtime.evaluate", { expression: "throw 0", silent: true });
    if (!reply) return never();
    frames = framesOf(reply);
    if (frames.some(isOwn)) break;
    await clock.sleep(2, signal).catch(() => {});
  }
  return { kind: "blocked", pid, frames };
}

function leave(session: Session): void {
  void session.call("Runtime.disable");
  void session.call("Runtime.evaluate", closePort);
  session.close();
}

/** Waits for a port that opens when native code has ended, and closes it. Never rejects. */
export async function closeLate(
  pid: number,
  before: ReadonlySet<string>,
  search: Search,
): Promise<void> {
  const { clock, signal } = search;
  const until = clock.now() + lateMs;
  try {
    while (!signal.aborted && isRunning(pid) && clock.now() < until) {
      await clock.sleep(lateLookMs, signal);
      const hasNew = readListeners(pid).some(({ inode }) => !before.has(inode));
      if (hasNew && (await closeNow(pid, before, search))) return;
    }
  } catch {
    // Nobody waits for this: the daemon is ending, or /proc cannot be read. The port stays open.
  }
}

async function closeNow(
  pid: number,
  before: ReadonlySet<string>,
  search: Search,
): Promise<boolean> {
  const once = new AbortController();
  const signal = AbortSignal.any([search.signal, once.signal]);
  void search.clock.sleep(lateLookMs, signal).then(
    () => once.abort(),
    () => {},
  );
  const address: InspectorAddress | undefined = await findInspector(pid, before, () => true, {
    ...search,
    signal,
  });
  const session = address && (await openSession(address, signal));
  once.abort();
  if (!session) return false;
  leave(session);
  return true;
}

/**
 * SIGUSR1 ends a process that does not catch it: one with --disable-sigusr1, one that has just been
 * started, or a child between fork and exec, which still looks like Node but has one thread only.
 * Source: Threads and SigCgt of /proc/PID/status, proc(5); bit 9 is signal 10.
 */
export function takesRequest(pid: number): boolean {
  const status = readProc(`/proc/${pid}/status`) ?? "";
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  const threads = Number(/^Threads:\s*(\d+)$/m.exec(status)?.[1]);
  return threads > 1 && (BigInt(`0x${caught}`) & 0x200n) !== 0n;
}

/** False when it has ended, does not catch the signal or is not ours to signal. */
function requestInspector(pid: number): boolean {
  try {
    return takesRequest(pid) && process.kill(pid, "SIGUSR1");
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
