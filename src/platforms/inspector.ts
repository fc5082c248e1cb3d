// Asks one Node.js process whether its event loop turns, and for its stack when it does not.
import type { Asked } from "./capture-asked.ts";
import { closeAlone, leave, seeClosed } from "./inspector-close.ts";
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
  /** Who is asked is kept in mind there, as of the instance that `leader` leads. */
  readonly asked?: Asked;
  readonly leader?: number;
  /** The life of the daemon: so long a port that was open is looked after. */
  readonly background?: AbortSignal;
}

/**
 * Evaluating `1` would not do: V8 runs the inspector's messages in the middle of a loop that never
 * ends. The promise is resolved by the loop only. A closing that still stands is called off first; and
 * should whoever asks die before it leaves, the port closes by itself.
 */
const turn = (address: InspectorAddress) => ({
  expression: `${closeAlone(address)}; new Promise((resolve) => setImmediate(resolve, 1))`,
  awaitPromise: true,
  returnByValue: true,
});

/** The process runs all the time. */
export async function askLoop(pid: number, search: TurnSearch): Promise<Finding> {
  const before = new Set(readListeners(pid).map(({ inode }) => inode));
  let isAgain = false;
  const request = (): boolean => {
    const isPossible = requestInspector(pid, before, search, isAgain);
    isAgain = true;
    return isPossible;
  };
  // A port that is just being closed after an earlier capture may end the first session.
  for (let attempt = 0; attempt < 3 && !search.signal.aborted; attempt++) {
    const address = await findInspector(pid, before, request, search);
    if (address) search.asked?.opened(pid);
    const session = address && (await openSession(address, search.signal));
    if (!session) continue;
    const finding = await question(pid, session, search);
    leave(session);
    if (finding) {
      void seeClosed(pid, before, search);
      return finding;
    }
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
    .call("Runtime.evaluate", turn(session.address))
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
function requestInspector(
  pid: number,
  before: ReadonlySet<string>,
  { asked, leader = pid }: TurnSearch,
  isAgain: boolean,
): boolean {
  try {
    if (!takesRequest(pid)) return false;
    const isNew = asked?.note(pid, leader, before) ?? true;
    return isNew || isAgain ? process.kill(pid, "SIGUSR1") : true;
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
