// One gateway takes over from another: nobody is refused, nothing fails, whoever is killed meanwhile.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { seeded } from "../../src/testing/seeded.ts";
import {
  type Asked,
  ask,
  faultsOf,
  instanceHere,
  type Kept,
  keptGateway,
  load,
} from "./gateway-kept.ts";
import { createProject, until } from "./support/project.ts";

const only = (kept: Kept, pid: number): Promise<true> =>
  until("it is the only one", 30_000, async () => {
    const all = kept.pids("@gateway");
    return all.length === 1 && all[0] === pid ? true : undefined;
  });

test("hand-overs under load fail no request, cut no tunnel and leave one gateway", async (t) => {
  const kept = await keptGateway(t);
  const keeper = await kept.keeper();
  const first = await kept.serving();
  const tunnel = connect(kept.port, "127.0.0.1");
  let echoed = "";
  tunnel.on("data", (bytes) => {
    echoed += bytes;
  });
  tunnel.write(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await until("the tunnel stands", 10_000, async () => echoed.includes("101 ") || undefined);
  const asking = load(kept.port, 100);
  const slow: Promise<Asked>[] = [];
  for (let i = 0; i < 2; i++) {
    slow.push(ask(kept.port, "/slow"), ask(kept.port, "/slow"));
    await systemClock.sleep(100);
    assert.equal(await keeper.tell("renew"), "renewed");
  }
  const last = await kept.serving();
  assert.notEqual(last, first);
  const all = await asking.end();
  assert.deepEqual(faultsOf([...all, ...(await Promise.all(slow))]), [], `of ${all.length}`);
  assert.ok(kept.pids("@gateway").includes(first), "it has the tunnel still");
  tunnel.write("still here");
  await until("the echo", 10_000, async () => echoed.endsWith("still here") || undefined);
  tunnel.destroy();
  await only(kept, last);
});

test("one that leaves tells kept connections to go, and knows the instances of the moment", async (t) => {
  const kept = await keptGateway(t);
  const keeper = await kept.keeper();
  const old = await kept.serving();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  assert.equal((await ask(kept.port, "/", agent)).body, "first");
  assert.equal(await keeper.tell("renew"), "renewed");
  assert.equal(await keeper.tell(String(await instanceHere(t, "second"))), "in step");
  const answer = await ask(kept.port, "/", agent);
  assert.deepEqual([answer.reused, answer.body], [true, "second"]);
  const next = await ask(kept.port, "/", agent);
  assert.deepEqual([next.reused, next.body], [false, "second"], "that connection was its last");
  const serving = await kept.serving();
  assert.notEqual(serving, old);
  await only(kept, serving);
});

const whom = ["keeper", "old", "next"] as const;

for (const seed of [11, 15, 20]) {
  const random = seeded(seed);
  const who = whom[Math.floor(random() * whom.length)] ?? "keeper";
  const afterMs = Math.floor(random() * 600);
  test(`seed ${seed}: a kill of the ${who} ${afterMs} ms into a hand-over ends in one gateway`, async (t) => {
    const kept = await keptGateway(t);
    let keeper = await kept.keeper();
    const old = await kept.serving();
    const asking = load(kept.port, 60);
    const renewed = keeper.tell("renew");
    renewed.catch(() => {});
    await systemClock.sleep(afterMs);
    const killedMs = performance.now();
    const next = kept.pids("@gateway").find((pid) => pid !== old);
    if (who === "keeper") {
      await keeper.kill();
      keeper = await kept.keeper();
    } else {
      const pid = who === "old" ? old : (next ?? old);
      if (kept.pids("@gateway").includes(pid)) process.kill(pid, "SIGKILL");
      await renewed;
    }
    const second = String(await instanceHere(t, "second"));
    await until("the routes are taken", 20_000, async () =>
      (await keeper.tell(second)) === "in step" ? true : undefined,
    );
    const serving = await kept.serving();
    assert.equal((await ask(kept.port)).body, "second");
    const all = await asking.end();
    const wasInFlight = (one: Asked): boolean =>
      one.atMs <= killedMs + (one.reused ? 500 : 5) && one.overMs >= killedMs;
    const lost = all.filter((one) => who === "keeper" || !wasInFlight(one));
    assert.deepEqual(faultsOf(lost), [], `of ${all.length}`);
    await only(kept, serving);
  });
}

test("homeostat restart @gateway, and an upgrade that adds a port, replace the gateway", async (t) => {
  const server = `require("http").createServer((q, r) => r.end("ok")).listen(process.env.PORT, "127.0.0.1")`;
  const web = { command: [process.execPath, "-e", server], probe: { http: "/" } };
  let [one, two] = [0, 0];
  const here = await createProject((_, port) => {
    [one, two] = [port(), port()];
    return { services: { web: { ...web, port: one } } };
  });
  t.after(() => here.remove());
  await here.up();
  await here.healthy();
  const gateways = () => here.marked().filter(({ target }) => target === "@gateway");
  const next = (before: number): Promise<number> =>
    until("another one is alone", 20_000, async () => {
      const [only, ...more] = gateways();
      return only && only.pid !== before && more.length === 0 ? only.pid : undefined;
    });
  const first = here.leader("@gateway").pid;
  const asking = load(one, 50);
  const { code, out, err } = await here.cli("restart", "@gateway");
  assert.deepEqual([code, out, err], [0, "@gateway is restarted.\n", ""]);
  const second = await next(first);
  here.writeConfig({ services: { web: { ...web, port: one }, api: { ...web, port: two } } });
  assert.equal((await here.cli("upgrade")).code, 0);
  await here.healthy();
  const third = await next(second);
  assert.deepEqual(faultsOf(await asking.end()), []);
  process.kill(third, "SIGKILL");
  const answers = await Promise.all([ask(one), ask(two)]);
  assert.deepEqual(faultsOf(answers), [], "the new port is held, too");
  assert.equal((await here.cli("down")).code, 0);
  assert.equal((await ask(two)).fault, "ECONNREFUSED");
});
