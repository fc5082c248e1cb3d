// The policies on the real event loop: a stall kills no healthy call, and processes end when they should.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { breaker, compose, pipeline, timeout } from "../../src/policies/index.ts";

const face = join(import.meta.dirname, "../../src/policies/index.ts");

/** Runs a script with `p` for the policies; gives what it printed and how long it took. */
async function script(body: string): Promise<{ printed: string; ms: number }> {
  const startedAt = performance.now();
  const text = `import * as p from ${JSON.stringify(face)};\n${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text]);
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  await once(child, "close");
  return { printed: printed.trim(), ms: performance.now() - startedAt };
}

test("a pending timeout keeps the process alive, after an idle time too", async () => {
  const { printed } = await script(`
    const api = p.compose(p.breaker(), p.timeout(30));
    await api.run(() => 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const outcome = await api.tryRun(() => new Promise(() => {}));
    console.log(outcome.rejected);`);
  assert.equal(printed, "timeout");
});

test("nothing of an idle pipeline keeps the process alive", async () => {
  const { printed, ms } = await script(`
    const api = p.pipeline({ name: "t", timeout: 60_000, retry: 2, breaker: true });
    console.log(await api.run(() => "done", { signal: new AbortController().signal }));`);
  assert.equal(printed, "done");
  assert.ok(ms < 30_000, `${ms}`);
});

test("a call whose answer came during a stall lives, a hung one dies", async () => {
  const circuit = breaker();
  const api = compose(circuit, timeout(100));
  const { port1, port2 } = new MessageChannel();
  // The answer is posted from outside this thread's timers: it waits in the queue as in a socket.
  const answer = new Promise((resolve) => port1.once("message", resolve));
  const healthy = api.tryRun(() => answer);
  const hung = api.tryRun(() => new Promise(() => {}));
  await new Promise((resolve) => setTimeout(resolve, 30));
  port2.postMessage("well");
  const end = performance.now() + 250;
  while (performance.now() < end);
  assert.deepEqual(await healthy, { ok: true, value: "well" });
  const dead = await hung;
  assert.equal(!dead.ok && dead.rejected, "timeout");
  assert.deepEqual(circuit.recent, { total: 1, failed: 0, slow: 0 });
  port1.close();
});

test("what runs out of time in a stall of our own is not held against the target", async () => {
  const api = pipeline({
    name: "stalled",
    breaker: { minimumCalls: 1, slowCallMs: 200, slowCallRate: 0.1 },
    attemptTimeout: 100,
  });
  const hang = () => new Promise<never>(() => {});
  const hung = api.tryRun(hang);
  const { port1, port2 } = new MessageChannel();
  const answered = api.run(() => once(port1, "message"));
  await new Promise((resolve) => setTimeout(resolve, 30));
  port2.postMessage("answer");
  const until = performance.now() + 400;
  while (performance.now() < until);
  assert.equal((await hung).ok, false);
  await answered;
  assert.equal(api.breaker.state, "closed");
  assert.deepEqual(api.breaker.recent, { total: 1, failed: 0, slow: 0 });
  assert.equal((await api.tryRun(hang)).ok, false);
  assert.equal(api.breaker.state, "open");
  port1.close();
});
