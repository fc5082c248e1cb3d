// That no request is lost: when instances die or none is there, routes change, or daemons end.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { systemClock } from "../kernel/clock.ts";
import type { Route } from "../protocol/gateway.ts";
import { freePort, many, told } from "./gateway-instances.ts";
import type { GatewayCheck, GatewayHold, GatewayScene } from "./gateway-scene.ts";

export const lossChecks: readonly GatewayCheck[] = [
  ["holds requests while none is ready, and serves them when one comes", holds],
  ["answers 503 with Retry-After when none comes in time", givesUp],
  ["loses nothing that may be repeated when an instance is killed", survivesKill],
  ["repeats nothing that may not be repeated", repeatsSafely],
  ["keeps what a killed instance had until the next one comes", survivesOnly],
  ["loses nothing while routes change 50 times", survivesChanges],
  ["goes on without its daemon, and is taken over by the next", survivesDaemon],
];

async function holds(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  await scene.push([]);
  const waiting = many(5, (i) => scene.ask("/", { method: i < 4 ? "GET" : "POST", body: "" }));
  await scene.until("they wait", async () => (await scene.counted()).held === 5);
  await systemClock.sleep(200);
  await scene.push([one.as("ready")]);
  assert.deepEqual(new Set((await waiting).map(({ status }) => status)), new Set([200]));
}

async function givesUp(scene: GatewayScene): Promise<void> {
  await scene.push([], { holdMs: 150 });
  const fromMs = systemClock.now();
  const { status, headers, body } = await scene.ask("/");
  assert.equal(status, 503);
  assert.ok(systemClock.now() - fromMs >= 140, "it waited");
  assert.equal(headers["retry-after"], "1");
  assert.match(String(JSON.parse(body).error), /./);
  await scene.until("it is counted", async () => (await scene.counted()).unserved === 1);
}

async function survivesKill(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready"), two.as("ready")]);
  const answers = many(20, (i) => scene.ask(`/${i}?wait=100`));
  await scene.until("both have some", () => one.asked.length > 4 && two.asked.length > 4);
  await one.kill();
  const after = many(20, (i) => scene.ask(`/after-${i}`));
  await scene.push([two.as("ready")]);
  const statuses = [...(await answers), ...(await after)].map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)], [200]);
}

async function repeatsSafely(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready"), two.as("ready")]);
  const send = (i: number) => scene.ask(`/${i}?wait=200`, { method: "POST", body: "once" });
  const answers = many(10, (i) => send(i).catch(() => ({ status: 0 })));
  await scene.until("all have come", () => one.asked.length + two.asked.length === 10);
  await one.kill();
  const all = [...one.asked, ...two.asked];
  const statuses = (await answers).map(({ status }) => status);
  assert.equal(new Set(all).size, all.length, "one was asked twice");
  assert.equal(statuses.filter((status) => status === 200).length, two.asked.length);
  assert.equal(statuses.filter((status) => status === 502).length, one.asked.length);
}

async function survivesOnly(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  await scene.push([one.as("ready")]);
  const waiting = many(5, () => scene.ask("/?wait=200"));
  await scene.until("they have come", () => one.asked.length === 5);
  await one.kill();
  await scene.push([]);
  const next = await scene.instance("web/1");
  await scene.push([next.as("ready")]);
  assert.deepEqual(new Set((await waiting).map(({ status }) => status)), new Set([200]));
  assert.equal(next.asked.length, 5);
}

async function survivesChanges(scene: GatewayScene): Promise<void> {
  const all = [await scene.instance("web/1"), await scene.instance("web/2")];
  const other = { ...scene.web([]), service: "api", port: await freePort() };
  const [one, two] = all.map((instance) => instance.as("ready"));
  if (!one || !two) return assert.fail();
  const turns: readonly (readonly Route[])[] = [
    [scene.web([one, two])],
    [scene.web([one, { ...two, state: "draining" }])],
    [scene.web([{ ...one, state: "spare" }, two])],
    [scene.web([two])],
    [scene.web([one, two]), other],
  ];
  assert.deepEqual(await scene.gateway.push(turns[0] ?? []), []);
  const agent = new Agent({ keepAlive: true });
  const lost: unknown[] = [];
  let served = 0;
  let over = false;
  const client = async (): Promise<void> => {
    while (!over) {
      const status = await scene.ask("/?wait=2", { agent }).then((it) => it.status, String);
      if (status === 200) served++;
      else lost.push(status);
    }
  };
  const clients = many(4, client);
  for (let turn = 1; turn <= 50; turn++) {
    assert.deepEqual(await scene.gateway.push(turns[turn % turns.length] ?? []), []);
    await systemClock.sleep(10);
  }
  over = true;
  await clients;
  agent.destroy();
  assert.deepEqual(lost, []);
  assert.ok(served > 100, `${served} served`);
}

async function survivesDaemon(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready")]);
  const slow = scene.ask("/?wait=400");
  await scene.until("it has come", () => one.asked.length === 1);
  const next = scene.gateway.next();
  assert.deepEqual(await next.push([scene.web([one.as("draining"), two.as("ready")])]), []);
  assert.equal(await next.inflight("web/1"), 1);
  const before = await requestsOf(next);
  assert.equal(told(await scene.ask("/")).name, "web/2");
  assert.equal(told(await slow).name, "web/1");
  assert.equal((await requestsOf(next)) - before, 1);
}

async function requestsOf({ stats }: GatewayHold): Promise<number> {
  const { instances } = await stats();
  return instances.find(({ instance }) => instance === "web/2")?.requests ?? 0;
}
