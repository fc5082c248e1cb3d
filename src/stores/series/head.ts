// The points of one series that are not in a block yet, in the order of their times.

export interface Head {
  atMs: Float64Array;
  values: Float64Array;
  count: number;
  /** So many of the first have been written to the tail. */
  written: number;
}

/** What became of a point. */
export type Put = "new" | "duplicate" | "crowded";

const firstSize = 16;

export function createHead(): Head {
  return {
    atMs: new Float64Array(firstSize),
    values: new Float64Array(firstSize),
    count: 0,
    written: 0,
  };
}

/** A point of a moment that is there takes the place of the one before it. `most` are kept. */
export function put(head: Head, atMs: number, value: number, most: number): Put {
  const { count } = head;
  const lastMs = count === 0 ? Number.NEGATIVE_INFINITY : (head.atMs[count - 1] ?? 0);
  if (atMs > lastMs) {
    if (!hasRoom(head, most)) return "crowded";
    head.atMs[count] = atMs;
    head.values[count] = value;
    head.count += 1;
    return "new";
  }
  return insert(head, atMs, value, most);
}

/** Those before `untilMs`; they stay until `drop`. */
export function countBefore({ atMs, count }: Head, untilMs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((atMs[middle] ?? 0) < untilMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function drop(head: Head, count: number): void {
  if (count === 0) return;
  head.atMs.copyWithin(0, count, head.count);
  head.values.copyWithin(0, count, head.count);
  head.count -= count;
  head.written = Math.max(0, head.written - count);
}

function insert(head: Head, atMs: number, value: number, most: number): Put {
  const at = countBefore(head, atMs);
  const isThere = head.atMs[at] === atMs;
  if (!isThere) {
    if (!hasRoom(head, most)) return "crowded";
    head.atMs.copyWithin(at + 1, at, head.count);
    head.values.copyWithin(at + 1, at, head.count);
    head.count += 1;
  }
  head.atMs[at] = atMs;
  head.values[at] = value;
  head.written = Math.min(head.written, at);
  return isThere ? "duplicate" : "new";
}

function hasRoom(head: Head, most: number): boolean {
  if (head.count >= most) return false;
  if (head.count < head.atMs.length) return true;
  head.atMs = grown(head.atMs);
  head.values = grown(head.values);
  return true;
}

function grown(old: Float64Array): Float64Array {
  const larger = new Float64Array(old.length * 2);
  larger.set(old);
  return larger;
}
