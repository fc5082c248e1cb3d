// Errors keep their brand, code and cause; the log writes what its level lets through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cancelled, exitCode, HomeostatError, invariant, messageOf } from "./errors.ts";
import { randomId } from "./ids.ts";
import { createLog, type Entry, formatJson, formatText } from "./log.ts";

test("an error carries its row of the table, and its brand survives a second copy of the class", () => {
  const cause = new Error("connect ECONNREFUSED");
  const error = new HomeostatError("DAEMON_ABSENT", "no daemon", { cause, details: { a: 1 } });
  assert.deepEqual(
    [error.code, error.family, error.retryable, error.cause, error.details],
    ["DAEMON_ABSENT", "Refused", true, cause, { a: 1 }],
  );
  const stranger = Object.assign(new Error("x"), { [Symbol.for("homeostat.error")]: true });
  assert.ok(stranger instanceof HomeostatError);
  assert.ok(!(new Error("x") instanceof HomeostatError));
  assert.ok(!((undefined as unknown) instanceof HomeostatError));
});

test("exit codes follow from families; what is not ours is 1", () => {
  assert.equal(exitCode(new HomeostatError("CONFIG_INVALID", "")), 78);
  assert.equal(exitCode(new HomeostatError("DAEMON_ABSENT", "")), 75);
  assert.equal(exitCode(new HomeostatError("INVARIANT", "")), 1);
  assert.equal(exitCode(new TypeError("x")), 1);
});

test("a cancel keeps the caller's reason, and is not wrapped twice", () => {
  const first = cancelled("why");
  assert.equal(first.cause, "why");
  assert.equal(cancelled(first), first);
  assert.throws(() => invariant(false, "two and two"), {
    code: "INVARIANT",
    message: "two and two",
  });
  assert.equal(messageOf(new Error("a", { cause: new Error("b") })), "a: b");
  assert.equal(messageOf("text"), "text");
  const circle = new Error("round");
  circle.cause = circle;
  assert.equal(messageOf(circle), Array(8).fill("round").join(": "));
  assert.equal(messageOf(Symbol("s")), "Symbol(s)");
  const unspoken = "something that cannot be told";
  assert.equal(messageOf(Object.create(null)), unspoken);
  assert.equal(messageOf({ toString: () => assert.fail() }), unspoken);
  const sly = Object.defineProperty(new Error("x"), "message", { get: () => assert.fail() });
  assert.equal(messageOf(sly), unspoken);
});

test("a log lets its level through, and children carry their fields", () => {
  const entries: Entry[] = [];
  const log = createLog({ level: "warn", wall: () => 0, write: (entry) => entries.push(entry) });
  log.info("quiet");
  log.child({ target: "web/1" }).error("loud", { pid: 7, why: "two words" });
  assert.equal(entries.length, 1);
  const [entry] = entries;
  assert.ok(entry);
  assert.equal(
    formatText(entry),
    '1970-01-01T00:00:00.000Z homeostat [ERROR] loud target=web/1 pid=7 why="two words"\n',
  );
  assert.deepEqual(JSON.parse(formatJson(entry)), {
    time: "1970-01-01T00:00:00.000Z",
    level: "error",
    message: "loud",
    target: "web/1",
    pid: 7,
    why: "two words",
  });
});

test("an id is made of the chance that is given", () => {
  assert.equal(
    randomId(() => 0, 4),
    "0000",
  );
  assert.equal(
    randomId(() => 0.999, 4),
    "zzzz",
  );
});
