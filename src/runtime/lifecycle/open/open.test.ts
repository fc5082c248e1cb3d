// What is open: creation lines, the joining with Node's report, and notes that do not pile up.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import { createLog } from "../../../kernel/log.ts";
import { childKind, type Kind } from "./kinds.ts";
import { list } from "./list.ts";
import { describeSite, type Site, siteAbove } from "./sites.ts";
import { survey } from "./survey.ts";
import { createTracker, type Tracked } from "./tracker.ts";

const stackOf = (...frames: string[]): Site => ({
  stack: ["Error", ...frames.map((frame) => `    at ${frame}`)].join("\n"),
});

test("a site is the app's own lines, the nearest first, without Node's", () => {
  const site = stackOf(
    "net.connect (node:net:1:1)",
    "new Promise (<anonymous>)",
    "openPool (file:///app/with%20space/db.ts:12:7)",
    "file:///app/main.ts:3:1",
    "async start (/app/start.cjs:9:2)",
    "ModuleJob.run (node:internal/modules/esm/module_job:430:25)",
  );
  assert.equal(
    describeSite(site),
    "openPool (/app/with space/db.ts:12:7) < /app/main.ts:3:1 < async start (/app/start.cjs:9:2)",
  );
  assert.equal(describeSite(stackOf("net.connect (node:net:1:1)")), undefined);
  assert.equal(describeSite({}), undefined);
});

test("what a library creates is told by its own line and the app's that called it", () => {
  const site = stackOf(
    "Connection.connect (/app/node_modules/pg/lib/connection.js:40:3)",
    "Pool.newClient (/app/node_modules/pg-pool/index.js:9:3)",
    "openPool (/app/db.js:12:7)",
  );
  assert.equal(
    describeSite(site),
    "Connection.connect (/app/node_modules/pg/lib/connection.js:40:3) < openPool (/app/db.js:12:7)",
  );
});

test("a site is taken whatever a library has done to stacks, and leaves their length as it was", () => {
  const prepare = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  const limit = Error.stackTraceLimit;
  const mine = (): string => "not a stack";
  try {
    Error.prepareStackTrace = mine;
    Error.stackTraceLimit = 1;
    const site = (function above() {
      return siteAbove(above);
    })();
    assert.match(describeSite(site) ?? "", /open\.test\.ts:\d+:\d+/);
    assert.equal(Error.prepareStackTrace, mine);
    assert.equal(Error.stackTraceLimit, 1);
  } finally {
    Error.stackTraceLimit = limit;
    Reflect.deleteProperty(Error, "prepareStackTrace");
    if (prepare !== undefined) Object.defineProperty(Error, "prepareStackTrace", prepare);
  }
});

function tracked(kind: string, more: Partial<Tracked> = {}): Tracked {
  const none = (): void => {};
  return {
    kind,
    endpoint: "x",
    thing: {},
    holds: true,
    fds: [],
    end: none,
    destroy: none,
    ...more,
  };
}

test("Node's report decides where nothing else knows, and adds what nobody told of", () => {
  const open = [
    tracked("idle TLS socket", { holds: undefined, fds: [11] }),
    tracked("busy TLS socket", { holds: undefined, fds: [12] }),
    tracked("unknown to the report", { holds: undefined }),
    tracked("child process", { thing: { pid: 77 }, fds: [13] }),
  ];
  const on = { is_active: true, is_referenced: true };
  const report = {
    libuv: [
      { type: "tcp", is_active: true, is_referenced: false, fd: 11 },
      { type: "tcp", ...on, fd: 12 },
      { type: "pipe", ...on, fd: 13 },
      { type: "process", ...on, pid: 77 },
      { type: "timer", ...on },
      { type: "async", ...on },
      { type: "tcp", is_active: true, is_referenced: false, fd: 20 },
      { type: "tcp", is_active: false, is_referenced: true, fd: 21 },
      { type: "fs_event", ...on, filename: "/app/config" },
      {
        type: "tcp",
        ...on,
        fd: 30,
        localEndpoint: { host: "localhost", ip4: "127.0.0.1", port: 80 },
        remoteEndpoint: { ip6: "::1", port: 90 },
      },
    ],
    workers: [
      { header: { threadId: 2 }, javascriptStack: { stack: ["at spin (/app/w.js:1:1)", "at x"] } },
      { header: { threadId: 3 }, javascriptStack: { stack: ["Unavailable."] } },
    ],
  };
  const found = survey(open, report, ["Timeout", "TCPSocketWrap", "Timeout"]);
  assert.deepEqual(
    found.tracked.map(({ kind }) => kind),
    ["busy TLS socket", "unknown to the report", "child process"],
  );
  assert.deepEqual(found.others, [
    { kind: "fs_event", endpoint: "/app/config" },
    { kind: "tcp", endpoint: "127.0.0.1:80 to [::1]:90, fd 30" },
  ]);
  assert.deepEqual([...found.doing], [[2, "at spin (/app/w.js:1:1)"]]);
  assert.deepEqual(found.counts, { Timeout: 2, TCPSocketWrap: 1 });
});

test("a long list is cut and says by how much", () => {
  const lines: string[] = [];
  const log = createLog({
    level: "debug",
    wall: () => 0,
    write: ({ level, message }) => void lines.push(`${level} ${message}`),
  });
  const open = Array.from({ length: 500 }, (_, n) => tracked("socket", { endpoint: `${n}` }));
  list(survey(open, {}, ["Timeout"]), log);
  assert.equal(lines.filter((line) => line.startsWith("warn still open: socket")).length, 200);
  assert.ok(lines.includes("warn and 300 more are open"));
  assert.ok(lines.some((line) => line.includes("1 timers; track timers")));
});

test("a child is named by its command on one line, cut, with secrets masked", () => {
  const spawnargs = ["node", "job.js\n", "--password", "hunter2", "x".repeat(500)];
  const child = { pid: 7, exitCode: null, signalCode: null, stdio: [], spawnargs };
  const endpoint = childKind.endpoint(child as unknown as ChildProcess);
  assert.match(endpoint, /^pid 7: node job\.js {2}--password \*\*\* x+$/);
  assert.ok(endpoint.length < 150);
});

interface Thing {
  gone: boolean;
}

test("notes of what is gone do not pile up, and a thing is noted once", () => {
  let asked = 0;
  const kind: Kind<Thing> = {
    name: "thing",
    isOpen: (thing) => {
      asked += 1;
      return !thing.gone;
    },
    isGone: (thing) => thing.gone,
    holds: () => true,
    endpoint: () => {
      throw new Error("no address yet");
    },
    end: () => {},
    destroy: () => {},
  };
  const tracker = createTracker();
  const things = Array.from({ length: 10_000 }, (): Thing => ({ gone: true }));
  const stays: Thing = { gone: false };
  for (const thing of [stays, ...things, stays]) tracker.track(thing, kind);
  const open = tracker.open();
  assert.deepEqual(
    open.map((one) => [one.kind, one.endpoint]),
    [["thing", "(no address yet)"]],
  );
  assert.ok(asked <= 257, `${asked} notes were kept`);
});
