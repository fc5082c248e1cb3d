// Packs bytes as a block of Snappy, with literals and copies: google/snappy, format_description.txt.

/** Finds repeats of four bytes or more by their hash, as the original does; not as well. */
export function snappy(bytes: Uint8Array): Buffer {
  const out: number[] = [...length(bytes.length)];
  const seen = new Map<number, number>();
  let [from, at] = [0, 0];
  while (at + 4 <= bytes.length) {
    const key = word(bytes, at);
    const before = seen.get(key);
    seen.set(key, at);
    if (before === undefined || at - before > 65_535) {
      at += 1;
      continue;
    }
    let count = 4;
    while (count < 64 && at + count < bytes.length && bytes[before + count] === bytes[at + count]) {
      count += 1;
    }
    literal(out, bytes.subarray(from, at));
    copy(out, at - before, count);
    at += count;
    from = at;
  }
  literal(out, bytes.subarray(from));
  return Buffer.from(out);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) +
    (bytes[at + 1] ?? 0) * 256 +
    (bytes[at + 2] ?? 0) * 65_536 +
    (bytes[at + 3] ?? 0) * 16_777_216
  );
}

function length(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...length(Math.floor(value / 128))];
}

function literal(out: number[], bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const count = bytes.length - 1;
  if (count < 60) out.push(count * 4);
  else if (count < 256) out.push(60 * 4, count);
  else if (count < 65_536) out.push(61 * 4, count % 256, Math.floor(count / 256));
  else out.push(62 * 4, count % 256, Math.floor(count / 256) % 256, Math.floor(count / 65_536));
  for (const byte of bytes) out.push(byte);
}

/** The short form for what is near and short, the one of two bytes for the rest. */
function copy(out: number[], away: number, count: number): void {
  if (count <= 11 && away < 2_048) {
    out.push(1 + (count - 4) * 4 + Math.floor(away / 256) * 32, away % 256);
  } else out.push(2 + (count - 1) * 4, away % 256, Math.floor(away / 256));
}
