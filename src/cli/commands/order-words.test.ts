// How an order is written on the command line, and what is said when it is not one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { orderForms, orderOf } from "./order-words.ts";

const read = (text: string, forMs?: number): unknown => orderOf(text.split(" "), forMs);

test("each order has its words", () => {
  assert.deepEqual(
    [
      ...[read("drain"), read("undrain"), read("degrade 3"), read("log-level debug")],
      ...[read("feature search off"), read("feature search on", 600_000)],
      ...[read("breaker prices open"), read("capture report"), read("capture cpu-profile", 5_000)],
      ...[read("do flush-cache"), read("recover system.database.failure database")],
    ],
    [
      { kind: "drain", on: true },
      { kind: "drain", on: false },
      { kind: "degrade", level: 3 },
      { kind: "log-level", level: "debug" },
      { kind: "feature", name: "search", state: "off" },
      { kind: "feature", name: "search", state: "on", forMs: 600_000 },
      { kind: "breaker", name: "prices", state: "open" },
      { kind: "capture", what: "report" },
      { kind: "capture", what: "cpu-profile", ms: 5_000 },
      { kind: "do", name: "flush-cache" },
      { kind: "recover", type: "system.database.failure", source: "database" },
    ],
  );
  assert.match(
    orderForms,
    /^ {2}drain\n {2}undrain\n[\s\S]* {2}feature NAME on\|off\|auto \[--for /,
  );
});

describe("what is no order is a usage error", () => {
  const cases: readonly (readonly [string, number | undefined, string])[] = [
    ["drian", undefined, 'order: expected "drain", got "drian"'],
    ["explode", undefined, "order: expected one of drain, undrain, degrade, "],
    ["constructor", undefined, "order: expected one of drain, "],
    ["drain on", undefined, 'order: drain: expected nothing more, got "on"'],
    ["degrade", undefined, "order: degrade: expected LEVEL, got nothing"],
    ["degrade 10", undefined, 'order: degrade: expected a whole number from 0 to 9, got "10"'],
    ["feature search", undefined, 'order: feature: expected NAME on|off|auto, got "search"'],
    ["feature search maybe", undefined, 'order: feature: expected on, off or auto, got "maybe"'],
    ["capture everything", undefined, 'or open, got "everything"'],
    ["drain", 5, "order: drain: it takes no --for"],
  ];
  for (const [words, forMs, message] of cases) {
    test(words, () => {
      assert.throws(
        () => read(words, forMs),
        (error) => {
          assert.ok(error instanceof HomeostatError && error.code === "USAGE");
          assert.ok(error.message.includes(message), error.message);
          return true;
        },
      );
    });
  }
});
