// Unpacks the block format of Snappy: google/snappy, format_description.txt.
import { HomeostatError } from "../../kernel/errors.ts";

function broken(why: string): never {
  throw new HomeostatError("WIRE_SHAPE", `snappy: ${why}`);
}

/** The length that a block says it has when it is unpacked, and where its content begins. */
function preamble(block: Uint8Array): readonly [length: number, at: number] {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block[at];
    if (byte === undefined) return broken("it ends in its length");
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return [length, at + 1];
  }
  return broken("its length is longer than 5 bytes");
}

/** @throws WIRE_SHAPE for what is no block, or unpacks to more than `bytesMax`. */
export function unsnappy(block: Uint8Array, bytesMax: number): Buffer {
  const [length, start] = preamble(block);
  if (length > bytesMax) broken(`it unpacks to ${length} bytes, ${bytesMax} are taken`);
  const out = Buffer.allocUnsafe(length);
  let [at, to] = [start, 0];
  while (at < block.length) {
    const tag = block[at] ?? 0;
    at += 1;
    if ((tag & 3) === 0) {
      const extra = tag >> 2 < 60 ? 0 : (tag >> 2) - 59;
      const count = (extra === 0 ? tag >> 2 : little(block, at, extra)) + 1;
      at += extra;
      if (count > block.length - at || count > length - to) broken("a literal that goes too far");
      out.set(block.subarray(at, at + count), to);
      at += count;
      to += count;
      continue;
    }
    const isShort = (tag & 3) === 1;
    const extra = isShort ? 1 : (tag & 3) === 2 ? 2 : 4;
    const away = little(block, at, extra) + (isShort ? (tag >> 5) * 256 : 0);
    const count = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    at += extra;
    if (away === 0 || away > to) broken("a copy from before the beginning");
    if (count > length - to) broken("a copy that goes too far");
    copy(out, to, away, count);
    to += count;
  }
  return to === length ? out : broken(`it unpacks to ${to} bytes, and says ${length}`);
}

/** What is copied may reach into what the copy writes: then it repeats. */
function copy(out: Buffer, to: number, away: number, count: number): void {
  if (away >= count) {
    out.copyWithin(to, to - away, to - away + count);
    return;
  }
  for (let i = 0; i < count; i++) out[to + i] = out[to + i - away] ?? 0;
}

function little(block: Uint8Array, at: number, count: number): number {
  if (at + count > block.length) broken("it ends inside a tag");
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (block[at + i] ?? 0);
  return value;
}
