// Tests of the link: what it says and when, and that no daemon can do the app harm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wellReport } from "../../../test/support/link-daemon.ts";
import { connected, linkWorld } from "../../../test/support/link-world.ts";

test("it greets, is welcomed, and reports at the daemon's interval", async () => {
  let made = 0;
  const world = linkWorld({
    orders: { drain: () => "drained", do: () => "done" },
    report: () => wellReport({ figures: { made: ++made } }),
  });
  const { link, clock, daemons } = world;
  assert.deepEqual([link.state, link.why], ["off", "not started"]);
  link.start();
  link.start();
  await clock.advance(0);
  assert.equal(link.state, "connecting");
  const [daemon] = daemons;
  assert.ok(daemon && daemons.length === 1);
  const { pid, ...hello } = daemon.of("hello")[0] ?? assert.fail("no greeting");
  assert.equal(pid, process.pid);
  assert.deepEqual(hello, {
    ...{ kind: "hello", protocol: 1, app: "shop", instance: "shop/1", version: "0.1.0" },
    orders: ["drain", "do"],
  });
  assert.equal(made, 0);
  daemon.welcome(undefined, 500);
  await clock.advance(1_600);
  assert.deepEqual([link.state, link.why], ["connected", undefined]);
  assert.deepEqual(
    daemon.of("report").map(({ report }) => report.figures.made),
    [1, 2, 3, 4],
  );
  daemon.welcome(undefined, 1_000);
  await clock.advance(400);
  assert.equal(made, 5);
  await clock.advance(1_000);
  assert.equal(made, 6);
  assert.deepEqual(world.said(), ["info: connected to the daemon"]);
});

test("without a daemon it tries with growing pauses, and says so once, at debug", async () => {
  const world = linkWorld();
  world.mood = "absent";
  world.link.start();
  await world.clock.advance(120_000);
  const { dialledAt } = world;
  const pauses = dialledAt.slice(1).map((at, i) => at - (dialledAt[i] ?? 0));
  pauses.forEach((pause, i) => {
    const most = Math.min(10_000, 200 * 2 ** i);
    assert.ok(pause >= most / 2 && pause <= most, `pause ${i} of ${pause} ms`);
  });
  assert.ok(pauses.length > 15 && pauses.length < 30, `${pauses.length} attempts`);
  assert.deepEqual(
    world.entries.map(({ level, message }) => `${level}: ${message}`),
    ["debug: no link to the daemon: connect ENOENT"],
  );
  assert.deepEqual([world.link.state, world.link.why], ["connecting", "connect ENOENT"]);
});

test("a daemon that goes away is told once and found again", async () => {
  const world = await connected();
  world.daemon.close();
  world.mood = "absent";
  await world.clock.advance(20_000);
  assert.equal(world.link.state, "connecting");
  world.mood = "listens";
  await world.clock.advance(10_000);
  world.daemon.welcome();
  await world.clock.advance(3_000);
  assert.equal(world.link.state, "connected");
  assert.equal(world.daemon.of("report").length, 4);
  assert.deepEqual(world.said(), [
    "info: connected to the daemon",
    "info: no link to the daemon: the daemon ended the connection",
    "info: connected to the daemon again",
  ]);
});

for (const [name, answer, why] of [
  ["refuses", '{"kind":"refused","why":"too old"}\n', "too old"],
  [
    "is of another version",
    '{"kind":"welcome","protocol":2,"everyMs":1000}\n',
    "it speaks protocol 2, this app 1",
  ],
] as const) {
  test(`a daemon that ${name} is told once and not asked again before 60 s`, async () => {
    const world = linkWorld();
    world.link.start();
    for (const atMs of [60_000, 80_000]) {
      await world.clock.advance(0);
      world.daemon.say(answer);
      await world.clock.advance(1_000);
      assert.deepEqual([world.link.state, world.link.why], ["refused", why]);
      assert.ok(world.daemon.ended);
      const calls = world.daemons.length;
      await world.clock.advance(58_900);
      assert.equal(world.daemons.length, calls);
      if (atMs === 60_000) {
        while (world.daemons.length === calls) await world.clock.advance(100);
      }
    }
    assert.ok((world.dialledAt[1] ?? 0) <= 67_000, `${world.dialledAt}`);
    assert.deepEqual(world.said(), [`info: no link to the daemon: ${why}`]);
  });
}

for (const [name, lines] of [
  ["garbage", "\0\u{1f480}{{{\n"],
  ["a line without end", "x".repeat(1_100_000)],
  ["an order before the welcome", '{"kind":"order","id":1,"by":"x","order":{}}\n'],
  ["a greeting and then garbage", '{"kind":"welcome","protocol":1,"everyMs":100}\n[]\n'],
] as const) {
  test(`a daemon that says ${name} is left, and tried with growing pauses`, async () => {
    const world = linkWorld();
    world.link.start();
    let calls = 0;
    for (let passed = 0; passed < 30_000; passed += 100) {
      await world.clock.advance(100);
      if (world.daemons.length === calls) continue;
      calls = world.daemons.length;
      world.daemon.say(lines);
    }
    assert.ok(calls >= 6 && calls <= 12, `${calls} connections`);
    const warnings = world.said().filter((line) => line.startsWith("warn: no link"));
    assert.equal(warnings.length, 1);
    assert.notEqual(world.link.state, "connected");
  });
}

test("a daemon that never greets is left after 10 s", async () => {
  const world = linkWorld();
  world.mood = "hangs";
  world.link.start();
  await world.clock.advance(9_900);
  assert.equal(world.daemons.length, 1);
  await world.clock.advance(500);
  assert.equal(world.daemons.length, 2);
  assert.deepEqual(world.said(), ["info: no link to the daemon: no greeting within 10000 ms"]);
});

test("a daemon that does not read is left after 2 s, and gets no more than one report before", async () => {
  let made = 0;
  const big = "x".repeat(1_000);
  const commands = Array.from({ length: 250 }, (_, i) => `${i}${big}`);
  const world = linkWorld({
    report: () => {
      made += 1;
      return wellReport({ commands });
    },
  });
  world.mood = "hangs";
  world.link.start();
  await world.clock.advance(0);
  world.daemon.welcome(undefined, 100);
  await world.clock.advance(1_900);
  assert.equal(world.link.state, "connected");
  assert.deepEqual([made, world.daemons.length], [1, 1]);
  await world.clock.advance(1_000);
  assert.equal(world.daemons.length, 2);
  assert.equal(
    world.said()[1],
    "info: no link to the daemon: the daemon has read nothing for 2000 ms",
  );
});

test("a daemon that asks and does not read is cut off before its answers fill the memory", async () => {
  let made = 0;
  const world = linkWorld({
    orders: {
      do: () => {
        made += 1;
        return "x".repeat(1_000);
      },
    },
  });
  world.mood = "hangs";
  world.link.start();
  await world.clock.advance(0);
  world.daemon.welcome();
  const ask = '{"kind":"order","id":1,"by":"x","order":{"kind":"do","name":"talk"}}\n';
  world.daemon.say(ask);
  await world.clock.advance(0);
  world.daemon.say(ask.repeat(4_500));
  // A turn of its own for each of the pieces in which they arrive: no time passes.
  for (let turn = 0; turn < 50 && world.daemons.length === 1; turn++) await world.clock.advance(0);
  await world.clock.advance(300);
  assert.equal(world.daemons.length, 2);
  assert.equal(made, 1);
  assert.ok(world.said().includes("info: no link to the daemon: the daemon does not read"));
});

test("stopping says so with a last report, and closes", async () => {
  const world = await connected();
  let stopped = false;
  const stop = world.link.stop().then(() => {
    stopped = true;
  });
  await world.clock.advance(0);
  await stop;
  assert.ok(stopped);
  const reports = world.daemon.of("report").map(({ report }) => report.stopping);
  assert.deepEqual(reports, [false, false, false, true]);
  assert.ok(world.daemon.ended);
  assert.deepEqual([world.link.state, world.link.why], ["off", "stopped"]);
  await world.link.stop();
  await world.clock.advance(100_000);
  assert.equal(world.daemons.length, 1);
  world.link.start();
  await world.clock.advance(0);
  assert.equal(world.daemons.length, 2);
});

test("stopping takes 500 ms at most, whatever the report and the daemon do", async () => {
  let hangs = false;
  const world = await connected({
    report: () => (hangs ? new Promise(() => {}) : wellReport()),
  });
  hangs = true;
  await world.clock.advance(1_000);
  let stopped = false;
  void world.link.stop().then(() => {
    stopped = true;
  });
  await world.clock.advance(499);
  assert.equal(stopped, false);
  await world.clock.advance(1);
  assert.equal(stopped, true);
  assert.ok(world.daemon.ended);
});

test("the app's end is reported when it begins, and closes the link when it is over", async () => {
  const steps: { readonly stage: string; readonly work: () => unknown }[] = [];
  let stopping = false;
  const world = await connected({
    report: () => wellReport({ stopping }),
    stopping: {
      onStop: (_name, stage, work) => {
        steps.push({ stage, work });
        return { [Symbol.dispose]: () => {} };
      },
    },
  });
  assert.deepEqual(
    steps.map(({ stage }) => stage),
    ["unready", "reporters"],
  );
  stopping = true;
  await steps[0]?.work();
  await world.clock.advance(0);
  assert.equal(world.daemon.of("report").at(-1)?.report.stopping, true);
  const end = steps[1]?.work();
  await world.clock.advance(0);
  await end;
  assert.ok(world.daemon.ended);
});

for (const socket of ["", "daemon.sock", "/a\0b", `/${"x".repeat(107)}`, undefined, 7]) {
  const shown = JSON.stringify(socket)?.slice(0, 20);
  test(`a socket that cannot be is one warning: ${shown}`, async () => {
    const world = linkWorld({ socket: socket as string });
    world.link.start();
    await world.clock.advance(100_000);
    await world.link.stop();
    assert.equal(world.said().length, 1);
    assert.match(world.said()[0] ?? "", /^warn: no link to the daemon: the .*socket/);
    assert.equal(world.link.state, "off");
    assert.match(world.link.why ?? "", /socket/);
    assert.equal(world.dialledAt.length, 0);
  });
}
