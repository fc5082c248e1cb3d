// Where each part of a model keeps its numbers in the block of a series.

/** Hands out places one after another; how many there are is the size of the block. */
export interface Slots {
  take(count: number): number;
  readonly size: number;
}

export function createSlots(): Slots {
  let size = 0;
  return {
    take(count) {
      const at = size;
      size += count;
      return at;
    },
    get size() {
      return size;
    },
  };
}
