// The gateway itself is killed: its listening sockets live on, so whoever comes then waits and is answered.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { type Asked, ask, faultsOf, instanceHere, keptGateway, load } from "./gateway-kept.ts";
import { until } from "./support/project.ts";

const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(false)).on("error", () => resolve(true));
    socket.on("connect", () => socket.destroy());
  });

test("kills under load refuse nobody, and lose only what it was answering", async (t) => {
  const kept = await keptGateway(t);
  const keeper = await kept.keeper();
  const random = seeded(7);
  const killedAt: number[] = [];
  const asking = load(kept.port, 100);
  for (let i = 0; i < 3; i++) {
    const pid = await kept.serving();
    await systemClock.sleep(50 + random() * 300);
    killedAt.push(performance.now());
    process.kill(pid, "SIGKILL");
    await until("another one serves", 20_000, async () => {
      return (await kept.serving()) === pid ? undefined : true;
    });
  }
  await ask(kept.port);
  const all = await asking.end();
  // On its connections were those that had begun, and later ones on a kept one whose end was not known.
  const wasInFlight = (one: Asked): boolean =>
    killedAt.some((atMs) => one.atMs <= atMs + (one.reused ? 500 : 5) && one.overMs >= atMs);
  const lost = all.filter((one) => one.fault !== undefined && !wasInFlight(one));
  assert.deepEqual(faultsOf(lost), [], `of ${all.length}`);
  assert.equal(faultsOf(all).includes("ECONNREFUSED"), false);
  keeper.child.stdin?.write("stop\n");
  await until("everything has ended", 20_000, async () =>
    keeper.child.exitCode === null ? undefined : true,
  );
  assert.equal(await isRefused(kept.port), true, "nobody listens any more");
  assert.deepEqual(kept.pids("@gateway"), []);
});

test("without a daemon clients wait for the next one", async (t) => {
  const kept = await keptGateway(t);
  const keeper = await kept.keeper();
  const pid = await kept.serving();
  await keeper.kill();
  process.kill(pid, "SIGKILL");
  await until("it has ended", 10_000, async () =>
    kept.pids("@gateway").includes(pid) ? undefined : true,
  );
  const waiting = Array.from({ length: 20 }, () => ask(kept.port));
  await systemClock.sleep(100);
  await kept.keeper();
  assert.deepEqual(faultsOf(await Promise.all(waiting)), []);
});

test("a spawner that was killed is followed by one that holds them again from the next start on", async (t) => {
  const kept = await keptGateway(t);
  const keeper = await kept.keeper();
  const pid = await kept.serving();
  const [spawner = 0] = kept.pids("@spawner");
  process.kill(spawner, "SIGKILL");
  assert.equal((await ask(kept.port)).body, "first", "the gateway does not need it");
  await until("another spawner", 10_000, async () =>
    kept.pids("@spawner").some((other) => other !== spawner) ? true : undefined,
  );
  assert.equal(await kept.serving(), pid);
  const asking = load(kept.port, 100);
  assert.equal(await keeper.tell("renew"), "renewed");
  const next = await kept.serving();
  assert.notEqual(next, pid);
  process.kill(next, "SIGKILL");
  await until("another one serves", 20_000, async () => {
    return (await kept.serving()) === next ? undefined : true;
  });
  const all = await asking.end();
  assert.equal(faultsOf(all).includes("ECONNREFUSED"), false);
  assert.equal((await ask(kept.port)).fault, undefined);
});

test("a port that another program has is told, and opened when it is free", async (t) => {
  const kept = await keptGateway(t);
  const other = (await import("node:http")).createServer((_, answer) => answer.end("other"));
  other.listen({ port: kept.port, host: "127.0.0.1", reusePort: true });
  const keeper = await kept.keeper();
  assert.equal((await ask(kept.port)).body, "other");
  await new Promise((resolve) => other.close(resolve));
  await until("the gateway has it", 10_000, async () =>
    (await ask(kept.port)).body === "first" ? true : undefined,
  );
  assert.match(kept.log("keeper"), /cannot open a route/);
  const second = await instanceHere(t, "second");
  assert.equal(await keeper.tell(String(second)), "in step");
  assert.equal((await ask(kept.port)).body, "second");
});
