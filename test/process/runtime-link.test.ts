// The link over a real Unix socket: no daemon, however ill, keeps the app from its work or its end.
import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Captured } from "../../src/runtime/link/orders.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { type DaemonEnd, daemonEnd } from "../support/link-daemon.ts";

const subject = join(import.meta.dirname, "support", "link-subject.ts");
const folder = mkdtempSync(join(tmpdir(), "homeostat-link-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;

interface Daemon extends AsyncDisposable {
  readonly path: string;
  /** One for each connection. */
  readonly ends: readonly DaemonEnd[];
}

async function daemon(
  meet: (end: DaemonEnd, connections: number) => void,
  options: { readonly hangs?: boolean } = {},
): Promise<Daemon> {
  const path = join(folder, `${++sockets}.sock`);
  const ends: DaemonEnd[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    const end = daemonEnd(socket, options);
    ends.push(end);
    meet(end, ends.length);
  });
  server.listen(path);
  await once(server, "listening");
  return {
    path,
    ends,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function start(socket: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ["--conditions=source", subject, "--socket", socket, ...args],
    { stdio: ["ignore", "pipe", "inherit"], timeout: 20_000, killSignal: "SIGKILL" },
  );
  let out = "";
  let mainOverAt = 0;
  child.stdout.on("data", (chunk) => {
    out += chunk;
    if (mainOverAt === 0 && out.includes("main is over")) mainOverAt = performance.now();
  });
  return {
    child,
    get out() {
      return out;
    },
    /** What it said, and the ms from the end of its work to its own end. */
    ended: async () => {
      await once(child, "close");
      assert.deepEqual([child.exitCode, child.signalCode], [0, null], out);
      assert.ok(mainOverAt > 0, out);
      return { out, lastedMs: performance.now() - mainOverAt };
    },
  };
}

/** Far less than any wait of the link, far more than a busy machine needs. */
const soonMs = 2_500;

// They wait more than they work.
describe("no daemon", { concurrency: 3 }, () => {
  test("an app whose daemon is absent works and ends by itself, with nothing above debug", async () => {
    const app = start(join(folder, "absent.sock"), "--works", "300");
    const { out, lastedMs } = await app.ended();
    assert.ok(lastedMs < soonMs, `${lastedMs} ms`);
    const said = out.split("\n").filter((line) => line.includes(" homeostat ["));
    assert.equal(said.length, 1, out);
    assert.match(said[0] ?? "", /\[DEBUG\] no link to the daemon: connect ENOENT/);
  });

  test("an app with a link and nothing else ends by itself, connected or told to stop", async () => {
    await using there = await daemon((end) => end.welcome(undefined, 100));
    for (const args of [[], ["--stops"]]) {
      const { lastedMs } = await start(there.path, "--works", "400", ...args).ended();
      assert.ok(lastedMs < soonMs, `${lastedMs} ms`);
    }
    await eventually("both are gone", () => there.ends.every(({ ended }) => ended));
    const last = there.ends.map((end) => end.of("report").at(-1)?.report.stopping);
    assert.deepEqual(last, [false, true]);
    for (const end of there.ends) {
      // 20,000 before the greeting: none was sent, none was kept.
      assert.equal(end.of("event").length, 0);
      assert.ok(end.of("report").length >= 2);
    }
  });

  test("a daemon that does not read delays the end of an app by 2 s and a half at most", async () => {
    await using there = await daemon((end) => end.welcome(undefined, 100), { hangs: true });
    const app = start(there.path, "--works", "500", "--big", "250");
    const { lastedMs } = await app.ended();
    assert.ok(lastedMs < 2_500 + soonMs, `${lastedMs} ms`);
  });

  test("a daemon that is stopped while it connects does not hold the app", async () => {
    const path = join(folder, "frozen.sock");
    const frozen = await externalDaemon(path);
    try {
      frozen.kill("SIGSTOP");
      const { lastedMs } = await start(path, "--works", "300").ended();
      assert.ok(lastedMs < soonMs, `${lastedMs} ms`);
    } finally {
      frozen.kill("SIGKILL");
    }
  });

  test("garbage and another version end neither the app nor its tries", async () => {
    const meetings: ((end: DaemonEnd) => void)[] = [
      (end) => end.say("\u0000{{{ not a word of ours\n"),
      (end) => end.close(),
      (end) => end.welcome(undefined, 100),
    ];
    await using there = await daemon((end, connections) => meetings[connections - 1]?.(end));
    const app = start(there.path, "--works", "1500");
    await eventually("it reports", () => (there.ends[2]?.of("report").length ?? 0) > 0);
    there.ends[2]?.say('{"kind":"welcome","protocol":9,"everyMs":100}\n');
    const { out, lastedMs } = await app.ended();
    assert.ok(lastedMs < soonMs, `${lastedMs} ms`);
    assert.match(out, /\[WARN\] no link to the daemon: expected a line of JSON/);
    assert.match(out, /\[INFO\] no link to the daemon: it speaks protocol 9, this app 1/);
    assert.equal(there.ends.length, 3);
  });

  test("a daemon that is killed in the middle of an order is found again, and the order is not repeated", async () => {
    const path = join(folder, "killed.sock");
    const first = await externalDaemon(path);
    const app = start(path, "--works", "1500");
    await eventually("the order has begun", () => app.out.includes("doing rehearse"));
    first.kill("SIGKILL");
    await once(first, "exit");
    const second = await externalDaemon(path);
    try {
      const [answer] = await once(second, "message");
      assert.deepEqual(answer, { kind: "answer", id: 1, done: "did rehearse" });
      const { out } = await app.ended();
      assert.equal(out.split("doing rehearse").length - 1, 1, out);
      assert.match(out, /\[INFO\] no link to the daemon/);
    } finally {
      second.kill("SIGKILL");
    }
  });
});

test("a heap snapshot is one, and a CPU profile names the function that is busy", async () => {
  await using there = await daemon((end) => {
    end.welcome(undefined, 1_000);
    end.order(1, { kind: "capture", what: "cpu-profile", ms: 500, folder });
    end.order(2, { kind: "capture", what: "heap-snapshot", folder });
  });
  const app = start(there.path, "--works", "4000", "--busy");
  const file = async (id: number): Promise<Captured["file"]> => {
    const answers = () => there.ends[0]?.of("answer") ?? [];
    await eventually(`answer ${id}`, () => answers().some((answer) => answer.id === id));
    const found = answers().find((answer) => answer.id === id);
    assert.ok(found && "file" in found && found.file, JSON.stringify(found));
    const { mode, size } = statSync(found.file.path);
    assert.deepEqual([mode & 0o777, size], [0o600, found.file.bytes]);
    return found.file;
  };
  const profile = JSON.parse(readFileSync((await file(1)).path, "utf8"));
  const names = profile.nodes.map(
    (node: { callFrame: { functionName: string } }) => node.callFrame,
  );
  assert.ok(
    names.some(
      ({ functionName }: { functionName: string }) => functionName === "burnForTheProfile",
    ),
  );
  const heap = JSON.parse(readFileSync((await file(2)).path, "utf8"));
  assert.ok(heap.snapshot.node_count > 1_000);
  app.child.kill("SIGKILL");
  await once(app.child, "close");
});

/** A daemon in a process of its own, which orders once and hands on the answer. */
async function externalDaemon(path: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "support", "link-other-end.ts"), [path], {
    execArgv: ["--conditions=source"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  await once(child, "message");
  return child;
}
