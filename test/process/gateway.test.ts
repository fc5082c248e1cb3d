// The gateway keeps requests alive while instances die, hang, drain and come back.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import {
  type Answer,
  ask,
  draining,
  freePort,
  type Rig,
  ready,
  sleep,
  startGateway,
  startInstance,
  until,
} from "./gateway-rig.ts";

async function pair(t: TestContext) {
  const rig = await startGateway(t);
  const [one, two] = await Promise.all([startInstance(t, "web/1"), startInstance(t, "web/2")]);
  await rig.push([ready("web/1", one.port), ready("web/2", two.port)]);
  return { rig, one, two };
}

const inflight = (rig: Rig, instance: string): Promise<number> => rig.link.inflight(instance);

test("kill -9 of one of two instances under 300 GETs a second loses none", async (t) => {
  const { rig, one } = await pair(t);
  const answers: Promise<Answer>[] = [];
  const startMs = systemClock.now();
  const load = async (): Promise<void> => {
    for (let i = 0; i < 900; i++) {
      await sleep(Math.max(0, startMs + i * (1_000 / 300) - systemClock.now()));
      answers.push(ask(rig.port, `/?wait=${i % 30}`));
    }
  };
  const kill = async (): Promise<void> => {
    await sleep(1_000);
    await one.end("SIGKILL");
    await sleep(1_000);
    const again = await startInstance(t, "web/1");
    await rig.push([ready("web/1", again.port)]);
  };
  await Promise.all([load(), kill()]);
  const statuses = (await Promise.allSettled(answers)).map((result) =>
    result.status === "fulfilled" ? result.value.status : String(result.reason),
  );
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
  const { requests, retries, unserved, lostUnsafe } = await rig.counters();
  assert.equal(requests, 900);
  assert.ok(retries > 0, "the kill was felt");
  assert.equal(unserved + lostUnsafe, 0);
});

test("a POST that reached a process which is killed is answered 502 and counted", async (t) => {
  const rig = await startGateway(t);
  const one = await startInstance(t, "web/1");
  const two = await startInstance(t, "web/2");
  await rig.push([ready("web/1", one.port)]);
  const post = ask(rig.port, "/told?wait=60000", { method: "POST", body: "an order" });
  await until("the order arrives", () => one.lines.includes("POST /told"));
  await rig.push([ready("web/1", one.port), ready("web/2", two.port)]);
  await one.end("SIGKILL");
  const { status, body } = await post;
  assert.equal(status, 502);
  assert.match(
    JSON.parse(body).error,
    /^web\/1 ended the connection: .*may have been carried out$/,
  );
  assert.equal((await rig.counters()).lostUnsafe, 1);
  assert.deepEqual(
    two.lines.filter((line) => line.startsWith("POST")),
    [],
  );
});

test("a POST whose connection is refused goes to the other instance", async (t) => {
  const rig = await startGateway(t);
  const two = await startInstance(t, "web/2");
  const body = Buffer.alloc(200_000, "x");
  for (let i = 0; i < 5; i++) {
    // A new port each time: an instance that failed just now would be taken last.
    await rig.push([ready("web/1", await freePort()), ready("web/2", two.port)]);
    for (let j = 0; j < 4; j++) {
      const answer = await ask(rig.port, "/", { method: "POST", body });
      assert.deepEqual([answer.status, answer.body], [200, "web/2 200000"]);
    }
  }
  const { retries, lostUnsafe } = await rig.counters();
  assert.ok(retries > 0, "the instance that is away was tried");
  assert.equal(lostUnsafe, 0);
});

test("GETs in an instance that hangs are answered by the other when it is killed", async (t) => {
  const { rig, one } = await pair(t);
  await Promise.all(Array.from({ length: 20 }, () => ask(rig.port, "/?wait=20")));
  one.child.kill("SIGSTOP");
  const answers = Array.from({ length: 40 }, () => ask(rig.port, "/"));
  // The other one answers its own at once; what is left hangs.
  await until("only the hanging are left", async () => {
    return (await inflight(rig, "web/2")) === 0 && (await inflight(rig, "web/1")) > 0;
  });
  const hanging = await inflight(rig, "web/1");
  await one.end("SIGKILL");
  const names = (await Promise.all(answers)).map((answer) => answer.headers["x-instance"]);
  assert.ok(hanging > 0);
  assert.deepEqual(new Set(names), new Set(["web/2"]));
  assert.ok((await rig.counters()).retries >= hanging);
});

test("a GET outlives the only instance, when the next has its name and another port", async (t) => {
  const rig = await startGateway(t);
  const old = await startInstance(t, "old");
  await rig.push([ready("web/1", old.port)]);
  const answer = ask(rig.port, "/told?hang=old");
  await until("the request arrives", () => old.lines.includes("GET /told"));
  await old.end("SIGKILL");
  const next = await startInstance(t, "new");
  await rig.push([ready("web/1", next.port)]);
  assert.equal((await answer).body, "new 0");
  assert.equal((await rig.counters()).retries, 1);
});

test("with no instance left a request waits for the next one", async (t) => {
  const rig = await startGateway(t);
  await rig.push([]);
  const answers = [ask(rig.port, "/"), ask(rig.port, "/", { method: "POST", body: "abc" })];
  await until("both wait", async () => (await rig.counters()).held === 2);
  await sleep(500);
  const one = await startInstance(t, "web/1");
  await rig.push([ready("web/1", one.port)]);
  const got = (await Promise.all(answers)).map(({ status, body }) => [status, body]);
  assert.deepEqual(got, [
    [200, "web/1 0"],
    [200, "web/1 3"],
  ]);
});

test("a wait ends with 503, and a client that goes away ends its own", async (t) => {
  const rig = await startGateway(t);
  await rig.push([], { holdMs: 300 });
  const leaving = new AbortController();
  const left = ask(rig.port, "/", { signal: leaving.signal });
  await until("it waits", async () => (await rig.counters()).held === 1);
  leaving.abort();
  await assert.rejects(left, /abort/);
  const startMs = systemClock.now();
  const { status, headers, body } = await ask(rig.port, "/");
  const tookMs = systemClock.now() - startMs;
  assert.equal(status, 503);
  assert.equal(headers["retry-after"], "1");
  assert.equal(JSON.parse(body).error, "no instance became ready");
  assert.ok(tookMs >= 290 && tookMs < 2_000, `answered after ${tookMs} ms`);
  const { held, unserved } = await rig.counters();
  assert.deepEqual([held, unserved], [2, 1], "who left was not answered");
});

test("an instance that drains finishes what it has and gets nothing new", async (t) => {
  const { rig, one, two } = await pair(t);
  const slow = Array.from({ length: 6 }, () => ask(rig.port, "/?wait=600"));
  await until("both work", async () => {
    return (await inflight(rig, "web/1")) === 3 && (await inflight(rig, "web/2")) === 3;
  });
  await rig.push([draining("web/1", one.port), ready("web/2", two.port)]);
  const fresh = await Promise.all(Array.from({ length: 12 }, () => ask(rig.port, "/")));
  assert.deepEqual(new Set(fresh.map((answer) => answer.body)), new Set(["web/2 0"]));
  assert.equal(await inflight(rig, "web/1"), 3);
  await rig.push([draining("web/1", one.port), draining("web/2", two.port)]);
  const waiting = ask(rig.port, "/");
  await until("it waits", async () => (await rig.counters()).held === 1);
  const statuses = (await Promise.all(slow)).map((answer) => answer.status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200]);
  assert.equal(await inflight(rig, "web/1"), 0);
  await rig.push([ready("web/1", one.port)]);
  assert.equal((await waiting).body, "web/1 0");
});

test("an instance that leaves the config finishes what it has", async (t) => {
  const { rig, one, two } = await pair(t);
  const slow = Array.from({ length: 2 }, () => ask(rig.port, "/?wait=500"));
  await until("web/1 works", async () => (await inflight(rig, "web/1")) === 1);
  await rig.push([ready("web/2", two.port)]);
  const bodies = (await Promise.all(slow)).map((answer) => answer.body);
  assert.deepEqual(new Set(bodies), new Set(["web/1 0", "web/2 0"]));
  assert.equal(one.child.exitCode, null);
});

test("an answer that breaks off in the middle breaks off for the client too", async (t) => {
  const rig = await startGateway(t);
  const one = await startInstance(t, "web/1");
  await rig.push([ready("web/1", one.port)]);
  const broken = assert.rejects(ask(rig.port, "/half"), /aborted|hang up/);
  await until("it works", async () => (await inflight(rig, "web/1")) === 1);
  await sleep(100);
  await one.end("SIGKILL");
  await broken;
  const [counters] = (await rig.link.stats()).instances;
  assert.deepEqual([counters?.broken, counters?.inflight], [1, 0]);
});
