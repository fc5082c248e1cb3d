// The bytes of the gRPC health protocol: those of its specification, and any others without a crash.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeCheck, readStatus } from "./grpc-wire.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

test("a request is a frame with the name of the service in field 1", () => {
  assert.deepEqual(encodeCheck(""), bytes("00 00000000"));
  assert.deepEqual(encodeCheck("a.B"), bytes("00 00000005 0a 03 612e42"));
  const long = encodeCheck("x".repeat(300));
  assert.deepEqual(long.subarray(0, 8), bytes("00 0000012f 0a ac02"));
});

test("an answer has its status in field 1, and nothing for 0", () => {
  assert.equal(readStatus(bytes("00 00000000")), "UNKNOWN");
  assert.equal(readStatus(bytes("00 00000002 0801")), "SERVING");
  assert.equal(readStatus(bytes("00 00000002 0802")), "NOT_SERVING");
  assert.equal(readStatus(bytes("00 00000002 0803")), "SERVICE_UNKNOWN");
});

test("fields of later versions are passed over", () => {
  const later = "12 02 6162 18 9601 25 00000000 29 0000000000000000 08 01";
  const length = later.replaceAll(" ", "").length / 2;
  const frame = `00 ${length.toString(16).padStart(8, "0")} ${later}`;
  assert.equal(readStatus(bytes(frame)), "SERVING");
});

test("what is cut, compressed or none of the protocol is unreadable, and never throws", () => {
  for (const hex of ["", "00 000000", "01 00000002 0801", "00 00000003 0801", "00 00000001 08"]) {
    assert.equal(readStatus(bytes(hex)), "unreadable", hex);
  }
  const words = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN", "unreadable"];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (some) => {
      const frame = Buffer.concat([
        bytes(`00 ${"00".repeat(3)}`),
        Buffer.from([some.length]),
        some,
      ]);
      assert.ok(words.includes(readStatus(frame)));
      assert.ok(words.includes(readStatus(Buffer.from(some))));
    }),
    { seed: 1, numRuns: 2_000 },
  );
});
