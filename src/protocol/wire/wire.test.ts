// Readers of foreign bytes: each kind of piece as it is written by hand, and nothing else breaks them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as write from "../../../test/support/protobuf-writer.ts";
import { snappy } from "../../../test/support/snappy-writer.ts";
import { answersOrRefuses } from "../../../test/support/sound-reader.ts";
import { cursorOf } from "./cursor.ts";
import { readMessage, shapeOf } from "./message.ts";
import { unsnappy } from "./snappy.ts";

const refused = { code: "WIRE_SHAPE" };
const inner = shapeOf({ 1: { name: "text", kind: "text" } }, () => ({ text: "" }));
const shape = shapeOf(
  {
    1: { name: "whole", kind: "whole" },
    2: { name: "signed", kind: "signed" },
    3: { name: "zigzag", kind: "zigzag" },
    4: { name: "fixed", kind: "fixed64" },
    5: { name: "fixedSigned", kind: "signed64" },
    6: { name: "double", kind: "double" },
    7: { name: "doubles", kind: "double", many: true },
    8: { name: "inner", kind: inner, many: true },
    9: { name: "raw", kind: "raw" },
    10: { name: "wholes", kind: "whole", many: true },
  },
  () => ({ doubles: [], inner: [], raw: "", wholes: [] }),
);
const read = (bytes: Uint8Array): Record<string, unknown> => ({
  ...readMessage(cursorOf(Buffer.from(bytes)), shape),
});

test("numbers come back as they were written", () => {
  const safe = fc.maxSafeInteger();
  fc.assert(
    fc.property(safe, fc.maxSafeNat(), fc.integer(), fc.double(), (signed, whole, small, real) => {
      const bytes = Buffer.concat([
        ...[write.whole(1, whole), write.whole(2, signed), write.zigzag(3, small)],
        ...[write.fixed64(4, whole), write.fixed64(5, signed), write.double(6, real)],
      ]);
      const got = read(bytes);
      assert.deepEqual(
        [got.whole, got.signed, got.zigzag, got.fixed, got.fixedSigned, got.double],
        [whole, signed, small, whole, signed, real].map((it) =>
          Object.is(it, -0) && it !== real ? 0 : it,
        ),
      );
    }),
    { numRuns: 20 },
  );
});

test("lists may be packed or not, and what is not known is passed over", () => {
  const plain = Buffer.concat([write.double(7, 1), write.double(7, 2)]);
  const packed = write.piece(7, write.doubles([1, 2]));
  const strange = [write.text(20, "x"), write.whole(21, 300), write.fixed64(22, 1)];
  for (const bytes of [plain, packed]) {
    assert.deepEqual(read(Buffer.concat([...strange, bytes, ...strange])).doubles, [1, 2]);
  }
  const counts = write.piece(10, write.varint(1), write.varint(300));
  assert.deepEqual(read(counts).wholes, [1, 300]);
  const texts = Buffer.concat([write.piece(8, write.text(1, "é")), write.piece(8)]);
  assert.deepEqual(read(texts).inner, [{ text: "é" }, { text: "" }]);
});

test("a raw field keeps its bytes, each time that it comes", () => {
  const one = write.text(9, "a");
  const two = write.text(9, "\u00ff");
  const { raw } = read(Buffer.concat([one, write.whole(1, 5), two]));
  assert.deepEqual(Buffer.from(String(raw), "latin1"), Buffer.concat([one, two]));
});

test("bytes that are no message are refused, whatever they are", () => {
  const whole = Buffer.concat([write.text(9, "abc"), write.piece(8, write.text(1, "x"))]);
  for (let cut = 1; cut < whole.length; cut++) {
    if (cut === write.text(9, "abc").length) continue;
    assert.throws(() => read(whole.subarray(0, cut)), refused, `cut at ${cut}`);
  }
  assert.throws(() => read(Buffer.from([0x0b])), refused, "a group");
  assert.throws(() => read(write.text(6, "12345678")), refused, "a wire type");
  assert.throws(() => read(Buffer.alloc(11, 0xff)), refused, "a long number");
  const many = Buffer.concat(Array.from({ length: 5 }, () => write.piece(8)));
  assert.throws(() => readMessage(cursorOf(many, 5), shape), refused);
  answersOrRefuses(fc.uint8Array({ maxLength: 60 }), read);
});

test("a block of snappy is unpacked as it was packed", () => {
  const text = fc.array(fc.constantFrom("abcd", "ab", "x", "0123456789"), { maxLength: 60 });
  fc.assert(
    fc.property(text, (parts) => {
      const bytes = Buffer.from(parts.join(""));
      assert.deepEqual(unsnappy(snappy(bytes), 10_000), bytes);
    }),
    { numRuns: 20 },
  );
  const long = Buffer.alloc(70_000, "literal and copy ");
  assert.deepEqual(unsnappy(snappy(long), 70_000), long);
});

test("copies of each form reach back, also into what they write", () => {
  const literal = [0x08, 0x61, 0x62, 0x63];
  const far = (tag: number, ...offset: number[]): Buffer =>
    Buffer.from([7, ...literal, tag, ...offset]);
  for (const block of [far(0x01, 3), far(0x0e, 3, 0), far(0x0f, 3, 0, 0, 0)]) {
    assert.equal(unsnappy(block, 7).toString(), "abcabca");
  }
  const extra = Buffer.from([70, 60 * 4, 69, ...Buffer.alloc(70, "y")]);
  assert.equal(unsnappy(extra, 70).toString(), "y".repeat(70));
});

test("a block that lies about its length or reaches too far is refused", () => {
  const bad = {
    "more than is taken": snappy(Buffer.alloc(2_000)),
    "a copy from before the beginning": [4, 0x00, 0x61, 0x01, 2],
    "a copy of itself from nowhere": [5, 0x00, 0x61, 0x01, 0],
    "a literal that goes on": [9, 0x20, 0x61],
    "less than it says": [9, 0x00, 0x61],
    "more than it says": [1, 0x04, 0x61, 0x62],
    "an end inside a tag": [9, 0x0e, 1],
    "no length": [],
    "a length without end": [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  };
  for (const [name, bytes] of Object.entries(bad)) {
    assert.throws(() => unsnappy(Buffer.from(bytes), 1_000), refused, name);
  }
  answersOrRefuses(fc.uint8Array({ maxLength: 60 }), (bytes) => unsnappy(bytes, 1_000));
});
