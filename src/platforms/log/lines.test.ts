// Lines come out as they were written however the bytes are cut; what belongs together stays together.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutLines, groupLines, type LogLine } from "./lines.ts";

function linesOf(chunks: readonly Buffer[], from = 0): readonly LogLine[] {
  const found: LogLine[] = [];
  const cutter = cutLines(from, (line) => found.push(line));
  for (const chunk of chunks) cutter.push(chunk);
  cutter.end();
  return found;
}

test("however the bytes are cut, each line comes once, with its place", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(
      bytes,
      fc.array(fc.nat(60), { maxLength: 20 }),
      fc.nat(1_000),
      (all, sizes, from) => {
        // Many newlines, as in a log.
        const buffer = Buffer.from(all.map((byte) => (byte % 5 === 0 ? 10 : byte)));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          // A reader fills one buffer again and again: nothing may be kept of it.
          chunks.push(Buffer.from(buffer.subarray(at, at + size)));
          at += size;
        }
        chunks.push(Buffer.from(buffer.subarray(at)));
        const lines = linesOf(chunks, from);
        let next = from;
        for (const { offset, end, text, cutBytes } of lines) {
          assert.equal(offset, next);
          const raw = buffer.subarray(offset - from, end - from);
          const whole = raw.at(-1) === 10 ? raw.subarray(0, -1) : raw;
          assert.equal(text, whole.toString("utf8").replace(/\r$/, ""));
          assert.equal(cutBytes, 0);
          next = end;
        }
        assert.equal(next, from + buffer.length);
      },
    ),
    { seed: 7, numRuns: 300 },
  );
});

test("of an endless line a bounded part is kept, and the rest is counted", () => {
  const chunk = Buffer.alloc(1_000_000, "x");
  const [line, other] = linesOf([chunk, chunk, Buffer.from("y\nnext\n")]);
  assert.equal(line?.text.length, 65_536);
  assert.equal(line?.cutBytes, 2_000_001 - 65_536);
  assert.deepEqual([other?.text, other?.offset], ["next", 2_000_002]);
});

test("a line that is refused is passed over, and those after it have the right places", () => {
  const found: LogLine[] = [];
  const cutter = cutLines(
    10,
    (line) => found.push(line),
    (offset) => offset !== 12,
  );
  cutter.push(Buffer.from("a\nb"));
  cutter.push(Buffer.from("c\nd\n"));
  assert.deepEqual(
    found.map(({ offset, text }) => [offset, text]),
    [
      [10, "a"],
      [15, "d"],
    ],
  );
  assert.deepEqual([cutter.offset, cutter.lineStart], [17, 17]);
});

test("a stack trace is one group, and what stands alone is one of its own", () => {
  const groups: string[][] = [];
  const grouper = groupLines<{ readonly text: string }>((lines) => {
    groups.push(lines.map(({ text }) => text));
  });
  const said = [
    ["ready"],
    ["Error: boom", "    at f (a.js:1:2)", "  cause: {", "    code: 1", "  }", "}"],
    ["java.lang.X: a", "\tat b.C", "Caused by: d", "\t... 3 more"],
    ["Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: no"],
    ["next"],
  ];
  for (const text of said.flat()) grouper.push({ text });
  assert.equal(grouper.holds, true);
  grouper.flush();
  assert.deepEqual(groups, said);
});

test("lines that only go on are not kept for ever", () => {
  const sizes: number[] = [];
  const grouper = groupLines<{ readonly text: string }>((lines) => sizes.push(lines.length));
  for (let i = 0; i < 1_200; i++) grouper.push({ text: " more" });
  grouper.flush();
  assert.deepEqual(sizes, [500, 500, 200]);
});
