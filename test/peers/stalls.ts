// Healthy HTTP calls, and a hung one, over an event loop that stands still for a while.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Guard } from "./library.ts";
import { outcome, wait } from "./steps.ts";

/** What `use` finds out with a server in a thread of its own; it stalls when this thread does not. */
export async function served<Found>(
  use: (url: string, seen: Int32Array) => Promise<Found>,
): Promise<Found> {
  const seen = new Int32Array(new SharedArrayBuffer(8));
  const server = new Worker(new URL("./server.ts", import.meta.url), { workerData: seen.buffer });
  const [port] = (await once(server, "message")) as [number];
  const url = `http://127.0.0.1:${port}`;
  try {
    // Connections are kept: what is judged is no longer their making.
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => fetch(url).then((answer) => answer.text())));
    return await use(url, seen);
  } finally {
    await server.terminate();
  }
}

const stallMs = 250;

/**
 * Holds the event loop in its check phase, as work does that an answer or a message set off: timers
 * are looked at next, sockets only after them. Longer than 250 ms while `busy`; tells how much.
 */
function block(busy: () => boolean): Promise<number> {
  return new Promise((resolve) => {
    setImmediate(() => {
      const end = performance.now() + stallMs;
      const limit = end + 5_000;
      while (performance.now() < end || (busy() && performance.now() < limit));
      resolve(performance.now() - end);
    });
  });
}

export interface Stalled {
  /** Of five. */
  readonly killed: number;
  /** When the hung call ended, as if the stall had taken 250 ms; undefined when it did not end. */
  readonly hungMs: number | undefined;
}

/**
 * Five healthy calls of 30 ms and a hung one under a guard of 100 ms, and a stall of 250 ms. Undefined
 * when the calls did not even reach the server in time, which says nothing of the guard.
 */
export async function stalled(
  guard: Guard,
  url: string,
  seen: Int32Array,
): Promise<Stalled | undefined> {
  const get = (path: string) =>
    outcome(
      guard.run(({ signal }) =>
        fetch(url + path, { signal: signal ?? null }).then((answer) => answer.text()),
      ),
    );
  const [came, answered] = [Atomics.load(seen, 0) + 5, Atomics.load(seen, 1) + 5];
  const startedAt = performance.now();
  const runs = [1, 2, 3, 4, 5].map(() => get("/"));
  const hung = get("/hang").then(({ ok }) => (ok ? undefined : performance.now() - startedAt));
  const missing = () => Atomics.load(seen, 0) < came;
  // The calls are on their way, and their time runs, before the loop stands still.
  await wait(12);
  while (missing() && performance.now() < startedAt + 60) await new Promise(setImmediate);
  const reached = !missing();
  // A server that was itself kept from answering is waited for: what is judged is the guard.
  const longer = reached ? await block(() => Atomics.load(seen, 1) < answered) : 0;
  const ends = await Promise.all(runs);
  const hungMs = await Promise.race([hung, wait(5_000).then(() => undefined)]);
  if (!reached) return undefined;
  const killed = ends.filter(({ ok }) => !ok).length;
  return { killed, hungMs: hungMs === undefined ? undefined : hungMs - longer };
}
