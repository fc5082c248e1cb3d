// The future of a simulated world: what happens when, in an order that never varies.

export interface Queue {
  readonly nowMs: number;
  /** When the next thing happens; undefined when nothing will. */
  readonly nextMs: number | undefined;
  /** Runs `work` in `ms` milliseconds; what falls on the same moment runs in the order of asking. */
  after(ms: number, work: () => void): void;
  /** Lets everything up to `endMs` happen. */
  runUntil(endMs: number): void;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
}

/** A binary heap by time and order of asking. */
export function createQueue(startMs: number): Queue {
  const heap: Entry[] = [];
  let nowMs = startMs;
  let orders = 0;

  const isBefore = (a: Entry | undefined, b: Entry | undefined): boolean =>
    a !== undefined &&
    (b === undefined || a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));

  const swap = (i: number, j: number): void => {
    const [a, b] = [heap[i], heap[j]];
    if (!a || !b) return;
    heap[i] = b;
    heap[j] = a;
  };

  const push = (entry: Entry): void => {
    let at = heap.push(entry) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(entry, heap[up]); up = (at - 1) >> 1) {
      swap(at, up);
      at = up;
    }
  };

  const pop = (): Entry | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const least = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[least], heap[at])) return first;
      swap(at, least);
      at = least;
    }
  };

  return {
    get nowMs() {
      return nowMs;
    },
    get nextMs() {
      return heap[0]?.atMs;
    },
    after: (ms, work) => push({ atMs: nowMs + Math.max(0, Math.round(ms)), order: orders++, work }),
    runUntil: (endMs) => {
      for (let next = heap[0]; next && next.atMs <= endMs; next = heap[0]) {
        pop();
        nowMs = next.atMs;
        next.work();
      }
      nowMs = Math.max(nowMs, endMs);
    },
  };
}
