// Who is asked: the one that has least to do, spares last, the draining and the hung not at all.
import assert from "node:assert/strict";
import { type Instance, many, told } from "./gateway-instances.ts";
import type { GatewayCheck, GatewayScene } from "./gateway-scene.ts";

export const balanceChecks: readonly GatewayCheck[] = [
  ["asks the one that has least to do", asksLeast],
  ["lets a draining one finish, and gives it nothing new", drains],
  ["asks a spare when no other is ready, and only then", asksSpares],
  ["takes back from a hung one what may be repeated", movesHung],
  ["answers for a degraded service at once", isDegraded],
];

async function asksLeast(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready")]);
  const early = many(4, () => scene.ask("/?wait=600"));
  await scene.until("one has four", () => one.asked.length === 4);
  await scene.push([one.as("ready"), two.as("ready")]);
  const late = many(3, () => scene.ask("/?wait=300"));
  await scene.until("all have come", () => one.asked.length + two.asked.length === 7);
  assert.equal(two.asked.length, 3);
  await Promise.all([early, late]);
}

async function drains(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready")]);
  const slow = scene.ask("/?wait=500");
  await scene.until("it has come", () => one.asked.length === 1);
  await scene.push([one.as("draining"), two.as("ready")]);
  assert.equal(await scene.gateway.inflight("web/1"), 1);
  await onlyFrom(scene, two);
  assert.equal(told(await slow).name, "web/1");
  assert.equal(one.asked.length, 1);
  await scene.until("it is idle", async () => (await scene.gateway.inflight("web/1")) === 0);
}

async function asksSpares(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready"), two.as("spare")]);
  await onlyFrom(scene, one);
  await scene.push([one.as("draining"), two.as("spare")]);
  await onlyFrom(scene, two);
  await scene.push([one.as("ready"), two.as("spare")]);
  await onlyFrom(scene, one);
}

async function onlyFrom(scene: GatewayScene, { name }: Instance): Promise<void> {
  const answers = await many(10, () => scene.ask("/"));
  assert.deepEqual([...new Set(answers.map((answer) => told(answer).name))], [name]);
}

async function movesHung(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  one.hang();
  await scene.push([one.as("ready")]);
  const safe = many(3, () => scene.ask("/safe"));
  const unsafe = scene.ask("/unsafe", { method: "POST", body: "once" });
  await scene.until("all have come", () => one.asked.length === 4);
  await scene.push([one.as("hung"), two.as("ready")]);
  assert.deepEqual(new Set((await safe).map((answer) => told(answer).name)), new Set(["web/2"]));
  await onlyFrom(scene, two);
  one.goOn();
  assert.equal(told(await unsafe).name, "web/1");
  assert.ok(!two.asked.includes("POST /unsafe"), "what may not be repeated was asked twice");
}

async function isDegraded(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  // Nothing in it may mean anything to whoever writes a config.
  const why = `it's "sick": 100 % $HOME %[src] \\n # { }`;
  await scene.push([one.as("ready")], { degraded: { status: 503, retryAfterS: 2, why } });
  const { status, headers, body } = await scene.ask("/");
  assert.deepEqual([status, headers["retry-after"]], [503, "2"]);
  assert.deepEqual(JSON.parse(body), { error: why });
  assert.equal(one.asked.length, 0);
  await scene.until("it is counted", async () => (await scene.counted()).degraded === 1);
  await scene.push([one.as("ready")]);
  assert.equal((await scene.ask("/")).status, 200);
}
