// Apps that come and go in one process: what is disposed of leaves nothing behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { createApp } from "../../src/runtime/index.ts";
import { eventually } from "../../src/testing/waiting.ts";

const quiet = { log: { sinks: [] } };
const events = ["SIGTERM", "SIGINT", "SIGHUP", "uncaughtException", "exit", "beforeExit"];
const listeners = (): readonly number[] => events.map((event) => process.listenerCount(event));
const threads = (): number => readdirSync("/proc/self/task").length;

test("an app that is disposed of takes back its listeners, its thread and its clock", async () => {
  const before = { listeners: listeners(), threads: threads() };
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  for (let i = 0; i < 12; i += 1) {
    await using app = createApp(`app-${i}`, quiet);
    await app.start();
  }
  assert.deepEqual(listeners(), before.listeners);
  await eventually("the threads end", () => threads() <= before.threads);
  process.off("warning", onWarning);
  assert.deepEqual(
    warnings.map(({ name }) => name),
    [],
  );
});

test("the shutdown of an app that is disposed of does not end what was opened after it", async () => {
  const shutdown = { debugAfterMs: 50, forceAfterMs: 100, hardAfterMs: 200 };
  {
    await using app = createApp("short", { ...quiet, shutdown });
    await app.start();
  }
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // Longer than all of its moments.
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(server.listening, true);
  server.close();
});

test("a TCP server with clients ends after its drain, and its clients are cut", async () => {
  await using app = createApp("tcp", quiet);
  const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(server, "listening");
  app.server("tcp", server, { drainMs: 200 });
  await app.start();
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = connect(address.port, "127.0.0.1");
  client.on("error", () => {});
  await once(client, "connect");
  const cut = once(client, "close");
  assert.equal(await app.stop(), 0);
  await cut;
});

test("an app in a worker thread leaves the main thread alone", async () => {
  const program = new URL("../../src/runtime/index.ts", import.meta.url).href;
  const script = `
    import { parentPort } from "node:worker_threads";
    const { createApp } = await import(${JSON.stringify(program)});
    const outer = { blockedMs: 100, exitMs: 200, graceMs: 100 };
    const app = createApp("inner", { log: { sinks: [] }, watchdog: { outer } });
    await app.start();
    const until = performance.now() + 600;
    while (performance.now() < until);
    await app.stop();
    parentPort.postMessage("done");
  `;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const worker = new Worker(url, { execArgv: ["--conditions=source"] });
  const [said] = await once(worker, "message");
  assert.equal(said, "done");
  await worker.terminate();
});
