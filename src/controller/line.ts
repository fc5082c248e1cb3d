// Work that is done one piece after the other, also when a piece brings more work with it.

export interface Line<T> {
  /** Does the work now, or after what is being done now. */
  readonly take: (work: T) => void;
  /** Nothing is taken any more. */
  readonly close: () => void;
}

/** A piece that throws ends what waits behind it: `onBroken` is told. */
export function createLine<T>(
  work: (piece: T) => void,
  onBroken: (error: unknown) => void,
): Line<T> {
  const waiting: T[] = [];
  let busy = false;
  let closed = false;
  return {
    take: (piece) => {
      if (closed) return;
      waiting.push(piece);
      if (busy) return;
      busy = true;
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) work(next);
      } catch (error) {
        waiting.length = 0;
        onBroken(error);
      } finally {
        busy = false;
      }
    },
    close: () => {
      closed = true;
    },
  };
}
