// Single bits in bytes, the highest first: what the columns of the series store are written with.

const firstBytes = 256;

export interface BitWriter {
  /** The lowest `count` bits of a whole number from 0 to 2^53. */
  put(value: number, count: number): void;
  /** Up to the next whole byte; what was written so far. It is good until the next `clear`. */
  bytes(): Uint8Array;
  clear(): void;
}

/** One is made once and cleared for each column: nothing is made anew a thousand times a second. */
export function bitWriter(): BitWriter {
  let bytes = new Uint8Array(firstBytes);
  let at = 0;
  let held = 0;
  let free = 8;
  const put32 = (value: number, count: number): void => {
    let left = count;
    while (left > 0) {
      const take = left < free ? left : free;
      const piece = (value >>> (left - take)) & ((1 << take) - 1);
      held = (held << take) | piece;
      free -= take;
      left -= take;
      if (free > 0) continue;
      if (at === bytes.length) bytes = grown(bytes);
      bytes[at++] = held;
      held = 0;
      free = 8;
    }
  };
  return {
    put: (value, count) => {
      if (count > 32) {
        put32(Math.floor(value / 2 ** 32), count - 32);
        put32(value >>> 0, 32);
      } else put32(value, count);
    },
    bytes: () => {
      if (free < 8) put32(0, free);
      return bytes.subarray(0, at);
    },
    clear: () => {
      at = 0;
      held = 0;
      free = 8;
    },
  };
}

function grown(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

export interface BitReader {
  /** Goes on with these bytes, from their `from`th on. */
  begin(bytes: Uint8Array, from: number): void;
  /** @throws RangeError at the end of the bytes */
  take(count: number): number;
}

export function bitReader(): BitReader {
  let bytes = new Uint8Array();
  let at = 0;
  let held = 0;
  let left = 0;
  const take32 = (count: number): number => {
    let value = 0;
    let wanted = count;
    while (wanted > 0) {
      if (left === 0) {
        if (at >= bytes.length) throw new RangeError("the column is cut off");
        held = bytes[at++] ?? 0;
        left = 8;
      }
      const piece = wanted < left ? wanted : left;
      value = (value << piece) | ((held >>> (left - piece)) & ((1 << piece) - 1));
      left -= piece;
      wanted -= piece;
    }
    return value >>> 0;
  };
  return {
    begin: (given, from) => {
      bytes = given as Uint8Array<ArrayBuffer>;
      at = from;
      left = 0;
    },
    take: (count) => (count > 32 ? take32(count - 32) * 2 ** 32 + take32(32) : take32(count)),
  };
}
