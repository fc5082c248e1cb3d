// The bytes of a tick: nothing is lost, little is used, and cut bytes are told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeTick, encodeTick, type Sample } from "./tick-codec.ts";

const head = { atMs: 123_456.789, afterSeq: 2 ** 53 - 1 };

test("series numbers of any size and times of their own come back", () => {
  const samples: Sample[] = [0, 31, 32, 4_095, 4_096, 2 ** 31, 2 ** 40].map((series, i) => ({
    series,
    value: i / 7,
    atMs: i % 2 ? head.atMs : head.atMs + i,
  }));
  assert.deepEqual(decodeTick(encodeTick(head, samples)), { head, samples });
});

test("a reading of the tick's own time takes ten bytes, its own time eight more", () => {
  const readings = (atMs: number): Sample[] =>
    Array.from({ length: 80 }, (_, i) => ({ series: 100 + i, value: i / 3, atMs: atMs + i * 0 }));
  assert.equal(encodeTick(head, readings(head.atMs)).length, 16 + 80 * 10);
  const [first = { series: 100, value: 1, atMs: 5 }] = readings(5);
  assert.equal(encodeTick(head, [first]).length, 16 + 18);
});

test("cut bytes are refused, never misread", () => {
  const samples = [
    { series: 1, value: 1, atMs: 1 },
    { series: 2, value: 2, atMs: 2, note: "no answer within 1000 ms · ż" },
  ];
  const whole = encodeTick(head, samples);
  const ends = new Set([16, encodeTick(head, samples.slice(0, 1)).length, whole.length]);
  for (let length = 0; length < whole.length; length++) {
    if (ends.has(length)) continue;
    assert.throws(() => decodeTick(whole.subarray(0, length)), `${length} bytes`);
  }
});
