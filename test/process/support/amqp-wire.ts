// Frames and values of AMQP 0-9-1, as far as a stub of a broker needs them.

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

export const methodFrame = 1;
export const headerFrame = 2;
export const bodyFrame = 3;
const frameEnd = 0xce;

export function frame({ type, channel, payload }: Frame): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([frameEnd])]);
}

/** The frames that are whole, and the bytes after them. */
export function framesIn(bytes: Buffer): { readonly frames: Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length >= at + 8) {
    const end = at + 7 + bytes.readUInt32BE(at + 3);
    if (bytes.length < end + 1) break;
    const payload = bytes.subarray(at + 7, end);
    frames.push({ type: bytes.readUInt8(at), channel: bytes.readUInt16BE(at + 1), payload });
    at = end + 1;
  }
  return { frames, rest: bytes.subarray(at) };
}

export function u8(value: number): Buffer {
  return Buffer.from([value]);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function short(text: string): Buffer {
  return Buffer.concat([u8(Buffer.byteLength(text)), Buffer.from(text)]);
}

export function long(text: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** Reads values one after the other. */
export interface Reader {
  u8(): number;
  u16(): number;
  u32(): number;
  u64(): number;
  short(): string;
  long(): string;
  rest(): Buffer;
}

export function reader(bytes: Buffer): Reader {
  let at = 0;
  const step = (size: number): number => {
    at += size;
    return at - size;
  };
  const text = (size: number): string => {
    const from = step(size);
    return bytes.toString("utf8", from, from + size);
  };
  return {
    u8: () => bytes.readUInt8(step(1)),
    u16: () => bytes.readUInt16BE(step(2)),
    u32: () => bytes.readUInt32BE(step(4)),
    u64: () => Number(bytes.readBigUInt64BE(step(8))),
    short: () => text(bytes.readUInt8(step(1))),
    long: () => text(bytes.readUInt32BE(step(4))),
    rest: () => bytes.subarray(at),
  };
}
