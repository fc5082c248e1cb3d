// Writes Protocol Buffers by hand, field by field: what the readers of `src/protocol/wire` are held to.

export type Bytes = Buffer;

export function varint(value: bigint | number): Bytes {
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (left >= 128n) {
    bytes.push(Number(left & 127n) | 128);
    left >>= 7n;
  }
  return Buffer.from([...bytes, Number(left)]);
}

const tag = (field: number, wire: number): Bytes => varint(field * 8 + wire);

export const whole = (field: number, value: bigint | number): Bytes =>
  Buffer.concat([tag(field, 0), varint(value)]);

export const zigzag = (field: number, value: number): Bytes =>
  whole(field, value < 0 ? -2 * value - 1 : 2 * value);

export function fixed64(field: number, value: bigint | number): Bytes {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return Buffer.concat([tag(field, 1), bytes]);
}

export function double(field: number, value: number): Bytes {
  return Buffer.concat([tag(field, 1), doubles([value])]);
}

/** Without a tag, as they stand in a packed list. */
export function doubles(values: readonly number[]): Bytes {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, i * 8);
  return bytes;
}

export function fixeds(values: readonly number[]): Bytes {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), i * 8);
  return bytes;
}

export const piece = (field: number, ...parts: readonly Uint8Array[]): Bytes => {
  const body = Buffer.concat(parts);
  return Buffer.concat([tag(field, 2), varint(body.length), body]);
};

export const text = (field: number, value: string): Bytes => piece(field, Buffer.from(value));
