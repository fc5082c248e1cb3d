// The gateway with a spare: who takes over, what moves away from an instance that hangs, and what does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upstream } from "../../src/protocol/gateway.ts";
import { ask, ready, startGateway, startInstance, until } from "./gateway-rig.ts";

const as = (state: Upstream["state"], instance: string, port: number): Upstream => ({
  ...{ instance, port, state },
});

test("a spare gets nothing until the one that serves is killed, and then all, unbidden", async (t) => {
  const rig = await startGateway(t);
  const [one, two] = await Promise.all([startInstance(t, "web/1"), startInstance(t, "web/2")]);
  await rig.push([ready("web/1", one.port), as("spare", "web/2", two.port)], { holdMs: 100 });
  const many = (): Promise<readonly string[]> =>
    Promise.all(
      Array.from({ length: 50 }, async () => (await ask(rig.port, "/")).headers["x-instance"]),
    ).then((names) => [...new Set(names.map(String))]);
  assert.deepEqual(await many(), ["web/1"]);
  const waiting = ask(rig.port, "/told?wait=5000");
  await until("it has arrived", () => one.lines.includes("GET /told"));
  await one.end("SIGKILL");
  assert.deepEqual(await many(), ["web/2"]);
  await two.end("SIGKILL");
  assert.equal((await waiting).status, 503, "it was given to the spare, which died as well");
});

test("GETs leave an instance that is said to hang; a POST stays, and is answered when it goes on", async (t) => {
  const rig = await startGateway(t);
  const [one, two] = await Promise.all([startInstance(t, "web/1"), startInstance(t, "web/2")]);
  await rig.push([ready("web/1", one.port), as("spare", "web/2", two.port)]);
  process.kill(one.pid, "SIGSTOP");
  const gets = Array.from({ length: 20 }, () => ask(rig.port, "/"));
  const post = ask(rig.port, "/", { method: "POST", body: "once" });
  await until("they wait", async () => (await rig.link.inflight("web/1")) === 21);
  await rig.push([as("hung", "web/1", one.port), ready("web/2", two.port)]);
  const names = (await Promise.all(gets)).map(({ headers }) => headers["x-instance"]);
  assert.deepEqual([...new Set(names)], ["web/2"]);
  assert.equal(await rig.link.inflight("web/1"), 1);
  process.kill(one.pid, "SIGCONT");
  assert.deepEqual((await post).body, "web/1 4");
  const { retries, lostUnsafe, unserved } = await rig.counters();
  assert.deepEqual({ retries, lostUnsafe, unserved }, { retries: 20, lostUnsafe: 0, unserved: 0 });
});

test("where no other can have it, what a hung instance was asked waits for it", async (t) => {
  const rig = await startGateway(t);
  const one = await startInstance(t, "web/1");
  await rig.push([ready("web/1", one.port)]);
  process.kill(one.pid, "SIGSTOP");
  const waiting = ask(rig.port, "/");
  await until("it waits", async () => (await rig.link.inflight("web/1")) === 1);
  await rig.push([as("hung", "web/1", one.port)]);
  process.kill(one.pid, "SIGCONT");
  assert.equal((await waiting).status, 200);
});
