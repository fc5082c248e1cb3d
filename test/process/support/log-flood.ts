// A process of the tests whose output is told by a plan: so many bytes of a kind, as fast as they go.
import { writeSync } from "node:fs";

const [kind = "lines", bytesText = "0", perSecondText = "0", out = "1"] = process.argv.slice(2);
const [bytes, perSecond] = [Number(bytesText), Number(perSecondText)];
const blockBytes = 256 * 1_024;

let number = 0;

/** Numbered lines of different lengths, in blocks that end with a line. */
function lines(filling: (i: number) => number): Buffer {
  const parts: string[] = [];
  let size = 0;
  while (size < blockBytes) {
    const line = `${String(number).padStart(9, "0")} ${"x".repeat(filling(number))}\n`;
    parts.push(line);
    size += line.length;
    number += 1;
  }
  return Buffer.from(parts.join(""));
}

/** The same bytes each time, of all values, with a newline now and then. */
export function noise(block: number): Buffer {
  const buffer = Buffer.allocUnsafe(blockBytes);
  let state = (block + 1) * 2_654_435_761;
  for (let i = 0; i < buffer.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    buffer[i] = state >>> 24;
  }
  return buffer;
}

const kinds: Readonly<Record<string, (block: number) => Buffer>> = {
  lines: () => lines((i) => (i * 7) % 180),
  long: () => lines((i) => (i % 3 === 0 ? 1_000_000 : 20)),
  endless: () => Buffer.alloc(blockBytes, "e"),
  noise,
};

async function flood(): Promise<void> {
  const make = kinds[kind];
  if (!make) throw new Error(`no kind ${kind}`);
  const begunAt = performance.now();
  let written = 0;
  for (let block = 0; written < bytes; block++) {
    const buffer = make(block);
    for (let at = 0; at < buffer.length; ) at += writeSync(Number(out), buffer, at);
    written += buffer.length;
    const aheadMs =
      perSecond > 0 ? (written / perSecond) * 1_000 - (performance.now() - begunAt) : 0;
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
  }
  process.stderr.write("");
}

if (process.argv[1]?.endsWith("log-flood.ts")) await flood();
