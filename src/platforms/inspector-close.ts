// Leaves a Node.js process that was asked for its stack as it was: its inspector is closed again.
import type { Asked } from "./capture-asked.ts";
import { findInspector, hasNew, type InspectorAddress, type Search } from "./inspector-port.ts";
import { openSession, type Session } from "./inspector-session.ts";
import { isRunning } from "./procfs.ts";

/** How long a port that opens late is waited for, and how often it is looked for. */
const lateMs = 60_000;
const lateLookMs = 500;
/** The goodbye is said within this time. */
const goodbyeMs = 500;
/** Whoever asked and has gone by then was killed. */
const aloneMs = 10_000;

/** What is kept in the process between a capture and the closing of its port. */
const slot = 'globalThis[Symbol.for("homeostat.inspector")]';

/**
 * Closes the port some time after the loop has turned, unless something else is said meanwhile. Node.js
 * crashes when its inspector is closed while a WebSocket says goodbye (both send the frame that ends
 * it, and the handler is freed by the first): seen in WsHandler::OnCloseFrameWritten of 24.21. So the
 * goodbye must be long over; `setImmediate` comes before the timer because a timer set in a blocked
 * loop is due at once. While `isHeard` holds it is put off.
 */
function closeIn(ms: number, isHeard = "false"): string {
  return `{
    clearTimeout(${slot}?.timer);
    const closing = (${slot} = {});
    const close = () => {
      closing.timer = setTimeout(() => {
        if (${isHeard}) return close();
        ${slot} = undefined;
        (process._debugEnd ?? process.getBuiltinModule("node:inspector").close)();
      }, ${ms});
      closing.timer.unref();
    };
    setImmediate(() => ${slot} === closing && close());
  }`;
}

/**
 * Should whoever asks be killed, the port is closed by the process itself. Not while somebody is
 * connected: closing waits for the other end, and one that was only stopped would stop the process,
 * too (measured with SIGSTOP). Nor where that cannot be seen, as in Node.js before 20.16.
 */
export function closeAlone({ port }: InspectorAddress): string {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const connected = `/: (0100007F|7F000001):${hex} \\w+:\\w+ 01 /`;
  const table = `process.getBuiltinModule("node:fs").readFileSync("/proc/self/net/tcp", "latin1")`;
  const look = `try { return ${connected}.test(${table}); } catch { return true; }`;
  return closeIn(aloneMs, `(() => { ${look} })()`);
}

export function leave(session: Session): void {
  void session.call("Runtime.disable");
  void session.call("Runtime.evaluate", { expression: closeIn(goodbyeMs) });
  session.close();
}

export interface Closing extends Search {
  readonly asked?: Asked;
}

/** Waits for a port that opens when native code has ended, and closes it. Never rejects. */
export async function closeLate(
  pid: number,
  before: ReadonlySet<string>,
  search: Closing,
): Promise<void> {
  const { clock, signal, asked } = search;
  const until = clock.now() + lateMs;
  try {
    while (!signal.aborted && isRunning(pid) && clock.now() < until) {
      await clock.sleep(lateLookMs, signal);
      if (!hasNew(pid, before) || !(await closeNow(pid, before, search))) continue;
      return await seeClosed(pid, before, { clock, background: signal, ...(asked && { asked }) });
    }
    asked?.closed(pid);
  } catch {
    // Nobody waits for this: the daemon is ending, or /proc cannot be read. The next one looks again.
  }
}

/** What an earlier daemon has asked, or may have, and did not live to leave. */
export function closeLeft(asked: Asked, search: Search): void {
  for (const { pid, before } of asked.left) {
    void closeLate(pid, new Set(before), { ...search, asked });
  }
}

/** Keeps in mind that nothing is open any more once that is so: a loop that blocks closes later. */
export async function seeClosed(
  pid: number,
  before: ReadonlySet<string>,
  search: {
    readonly clock: Search["clock"];
    readonly background?: AbortSignal;
    readonly asked?: Asked;
  },
): Promise<void> {
  const { clock, background, asked } = search;
  if (!asked || !background) return;
  const until = clock.now() + lateMs;
  try {
    while (isRunning(pid) && hasNew(pid, before) && clock.now() < until) {
      await clock.sleep(lateLookMs, background);
    }
    if (!hasNew(pid, before)) asked.closed(pid);
  } catch {
    // The daemon is ending; the next one looks after it.
  }
}

async function closeNow(
  pid: number,
  before: ReadonlySet<string>,
  search: Closing,
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
  search.asked?.opened(pid);
  leave(session);
  return true;
}
