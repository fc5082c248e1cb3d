// The last points of one series in 8 bytes each: thousands of series are kept in a small process.

export interface Ring {
  /** Times may not go back; one beyond 49 days since the first starts the ring anew. */
  add(atMs: number, value: number): void;
  /** Points from `fromMs` on, oldest first; values have 24 bits. */
  since(fromMs: number): { readonly at: number[]; readonly values: number[] };
}

const firstSize = 32;
const spanMs = 2 ** 32;

/** Holds `most` points; room is taken as it is needed. */
export function createRing(most: number): Ring {
  let size = Math.min(firstSize, most);
  let times = new Uint32Array(size);
  let values = new Float32Array(size);
  let [baseMs, first, count] = [0, 0, 0];

  const grow = (): void => {
    const larger = Math.min(most, size * 2);
    const [oldTimes, oldValues] = [times, values];
    times = new Uint32Array(larger);
    values = new Float32Array(larger);
    for (let i = 0; i < count; i++) {
      times[i] = oldTimes[(first + i) % size] ?? 0;
      values[i] = oldValues[(first + i) % size] ?? 0;
    }
    first = 0;
    size = larger;
  };
  return {
    add: (atMs, value) => {
      if (count === 0 || atMs - baseMs >= spanMs) [baseMs, first, count] = [atMs, 0, 0];
      if (count === size && size < most) grow();
      if (count === size) first = (first + 1) % size;
      else count += 1;
      const at = (first + count - 1) % size;
      times[at] = Math.max(0, Math.round(atMs - baseMs));
      values[at] = value;
    },
    since: (fromMs) => {
      const found: { at: number[]; values: number[] } = { at: [], values: [] };
      for (let i = 0; i < count; i++) {
        const atMs = baseMs + (times[(first + i) % size] ?? 0);
        if (atMs < fromMs) continue;
        found.at.push(atMs);
        found.values.push(values[(first + i) % size] ?? 0);
      }
      return found;
    },
  };
}
