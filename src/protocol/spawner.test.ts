// The lines between daemon and spawner: each comes back as it was sent, and what is unfit is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import {
  type FromSpawner,
  parseFromSpawner,
  parseToSpawner,
  spawnerLine,
  type ToSpawner,
} from "./spawner.ts";

const identity = { pid: 7, startTicks: 123, bootId: "boot" };
const end = { identity, code: null, signal: "SIGKILL", agoMs: 3 };

test("every message comes back as it was sent", () => {
  const to: ToSpawner<unknown>[] = [
    ...(["list", "ping", "retire", "stop"] as const).map((kind) => ({ kind })),
    { kind: "start", id: "1-1", spec: { command: ["a", ""] } },
    { kind: "taken", identities: [identity] },
    { kind: "keep", addresses: ["127.0.0.1:80", "/run/web.sock"] },
  ];
  for (const message of to) {
    assert.deepEqual(
      parseToSpawner(spawnerLine(message).trimEnd(), (spec) => spec),
      message,
    );
  }
  const from: FromSpawner[] = [
    { kind: "hello", protocol: 1, identity },
    {
      kind: "list",
      held: [{ identity, target: "web/1", project: "/p", run: "r", port: 80 }],
      ends: [end],
      dropped: 1,
    },
    { kind: "started", id: "1-1", identity },
    { kind: "failed", id: "1-1", text: `web/1: there is no folder ${"x".repeat(3_000)}` },
    { kind: "ended", end },
    { kind: "pong" },
  ];
  for (const message of from) {
    assert.deepEqual(parseFromSpawner(spawnerLine(message).trimEnd()), message);
  }
});

test("what does not fit is refused with the field", () => {
  const lines: readonly (readonly [string, RegExp])[] = [
    ["", /a line of JSON/],
    ['{"kind":"shout"}', /kind: expected/],
    ['{"kind":"start","id":"","spec":{}}', /id: expected/],
    ['{"kind":"start","id":"1","spec":[]}', /spec: expected an object/],
    ['{"kind":"taken","identities":[{"pid":0}]}', /identities\[0\]\.pid/],
  ];
  for (const [line, reason] of lines) {
    assert.throws(
      () => parseToSpawner(line, (spec) => spec),
      (error) => error instanceof HomeostatError && reason.test(error.message),
      line,
    );
  }
  assert.throws(() => parseFromSpawner('{"kind":"ended","end":{}}'), /end\.identity/);
});
