// The facade: what joins the parts, in which order they start and end, and what an app dies of.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { appWorld } from "../../../test/support/app-world.ts";
import { fatalDependency } from "../parts/dependency.ts";
import { stages } from "../parts/stopping.ts";
import { createApp } from "./app.ts";
import { failureOf } from "./monitor.ts";

const misconfigured = (told: RegExp) => ({ code: "OPTION_INVALID", message: told });

describe("an app's options", () => {
  it("are checked by name, and a name that cannot stand in a log line is refused", () => {
    assert.throws(() => createApp("two words"), misconfigured(/name begins with a letter/));
    assert.throws(
      () => createApp("shop", { healt: {} } as object),
      misconfigured(/no option "healt", but: clock, random/),
    );
    assert.throws(() => appWorld({ failureEveryMs: 0 }), misconfigured(/failureEveryMs/));
  });

  it("name APP_URL where a synthetic check has nowhere to go", () => {
    const { app } = appWorld();
    assert.throws(() => app.synthetic, misconfigured(/baseUrl .*APP_URL is not set/));
  });
});

it("all slips in the options are told at once, each with its path", () => {
  const slips = {
    log: { level: "verbose", levle: "info" },
    recovery: { atOnceMax: 0 },
    install: { signal: false },
    shutdown: { debugAfter: 5 },
    reporters: [1],
    flags: { search: 5 },
    daemon: true,
  };
  const paths = ["log: level", "recovery: atOnceMax", "install:", "shutdown:", "reporters"];
  for (const path of paths) {
    assert.throws(() => createApp("shop", slips as object), misconfigured(new RegExp(path)));
  }
  const { app } = appWorld();
  assert.throws(() => app.log.setLevel("loud" as "info"), misconfigured(/level must be debug/));
});

it("what is no function, and a stage that there is not, are refused where they are handed over", () => {
  const { app } = appWorld();
  const nothing = undefined as never;
  assert.throws(() => app.setup("x", nothing), misconfigured(/expected a function/));
  assert.throws(() => app.command("x", nothing), misconfigured(/needs a function/));
  assert.throws(() => app.onStop("x", "drain", nothing), misconfigured(/expected a function/));
  assert.throws(
    () => app.onStop("x", "resource" as never, () => {}),
    misconfigured(/stage: .*resources/),
  );
  assert.throws(() => app.events.subscribe("a.b", nothing), misconfigured(/expected a listener/));
  assert.throws(() => app.watchdog.task("x", nothing), misconfigured(/run must be a function/));
  assert.throws(
    () => app.watchMetric({ name: "x" } as never),
    misconfigured(/read must be a function/),
  );
});

describe("the start", () => {
  it("promises nothing before it is over: not ready, not started", async () => {
    const { app, clock } = appWorld();
    const status = async (path: string) => (await app.endpoints.respond(path))?.status;
    app.setup("migrate", () => clock.sleep(500));
    const started = app.start();
    await clock.advance(100);
    assert.deepEqual([await status("/ready"), await status("/startup")], [503, 503]);
    assert.equal(await status("/live"), 200);
    await clock.advance(500);
    await started;
    assert.deepEqual([await status("/ready"), await status("/startup")], [200, 200]);
    await app.stop();
  });

  it("runs the setups in their order, then starts each part and says so", async () => {
    const { app, lines, clock } = appWorld({ url: "http://127.0.0.1:1" });
    const order: string[] = [];
    app.setup("pool", async () => {
      await clock.sleep(20);
      order.push("pool");
    });
    app.setup("schema", () => void order.push("schema"));
    app.health.register("database", () => true);
    app.synthetic.register("checkout", () => {});
    const started = app.start();
    await clock.advance(100);
    await started;
    assert.deepEqual(order, ["pool", "schema"]);
    const told = lines.map(({ message }) => message);
    const words = ["setup: pool", "setup: schema", "health: 1 check", "synthetic: 1 scenario"];
    assert.deepEqual(
      words.map((word) => told.indexOf(word) >= 0),
      words.map(() => true),
      told.join("\n"),
    );
    assert.ok(told.some((line) => line.startsWith("chaos is off")));
    assert.ok(told.includes("started"));
    await clock.advance(1_000);
    assert.equal(app.health.statusOf("database"), "healthy");
    await app.stop();
  });

  it("logs debug lines until it is over, and those of its level after", async () => {
    const { app, said } = appWorld();
    app.log.debug("early");
    await app.start();
    app.log.debug("late");
    assert.deepEqual([said("early"), said("late")], [true, false]);
    await app.stop();
  });

  it("fails with what a setup threw, and ends the app with the code of its family", async () => {
    const { app, said } = appWorld();
    app.setup("pool", () => {
      throw fatalDependency("the database does not answer");
    });
    app.setup("never", () => assert.fail("a setup ran after one that failed"));
    assert.equal(await app.run(), 75);
    assert.ok(said(/setup pool failed/));
  });

  it("gives a setup up when its time is over", async () => {
    const { app, clock } = appWorld();
    app.setup("slow", () => new Promise(() => {}), 1_000);
    const failed = assert.rejects(app.start(), { code: "TIMED_OUT" });
    await clock.advance(1_000);
    await failed;
  });

  it("refuses setups once it has begun: what initialises belongs in the start-up path", async () => {
    const { app } = appWorld();
    await app.start();
    assert.throws(() => app.setup("late", () => {}), misconfigured(/has started already/));
    await app.stop();
  });

  it("tells at once all that does not fit together", async () => {
    const { app } = appWorld();
    app.features.register("search", { run: () => 1, dependsOn: ["databse"], flag: "serch" });
    app.recovery.register("system.cache.failure", () => {}, { verify: "cahce" });
    await assert.rejects(app.start(), misconfigured(/databse.*serch.*cahce/s));
  });
});

describe("the monitor", () => {
  it("tells of a failure at once and every 30 s, by its severity, and of its end", async () => {
    const { app, clock, events } = appWorld();
    let up = true;
    app.health.register("cache", () => up, { intervalMs: 1_000, critical: false });
    await app.start();
    await clock.advance(5_000);
    up = false;
    await clock.advance(62_000);
    const told = events.filter(({ type }) => type === failureOf("cache"));
    assert.equal(told.length, 3);
    assert.deepEqual([told[0]?.severity, told[0]?.source], ["warning", "cache"]);
    up = true;
    await clock.advance(2_000);
    assert.equal(events.at(-1)?.type, "system.cache.well");
    await app.stop();
  });

  it("does not call well what is only no longer known, because what it depends on fell", async () => {
    const { app, clock, events } = appWorld();
    let [network, database] = [true, false];
    app.health.register("network", () => network, { intervalMs: 1_000 });
    const needs = { intervalMs: 1_000, dependsOn: ["network"] };
    app.health.register("database", () => database, needs);
    await app.start();
    await clock.advance(3_000);
    network = false;
    await clock.advance(3_000);
    assert.equal(app.health.statusOf("database"), "unknown");
    const well = () => events.some(({ type }) => type === "system.database.well");
    assert.equal(well(), false);
    network = true;
    database = true;
    await clock.advance(3_000);
    assert.equal(well(), true);
    await app.stop();
  });

  it("closes the loop: a check fails, its recovery runs, and the check proves it", async () => {
    const { app, clock, events } = appWorld();
    let up = false;
    app.health.register("database", () => up, { intervalMs: 1_000 });
    app.recovery.register(failureOf("database"), async () => {
      await clock.sleep(500);
      up = true;
    });
    await app.start();
    await clock.advance(10_000);
    assert.equal(app.health.healthy, true);
    assert.ok(events.some(({ type }) => type === "system.database.failure.recovered"));
    await app.stop();
  });
});

describe("the end", () => {
  it("keeps the order of its stages, and readiness goes first", async () => {
    const { app, clock } = appWorld();
    const order: string[] = [];
    for (const stage of stages.toReversed()) {
      app.onStop(stage, stage, () => void order.push(stage));
    }
    await app.start();
    const stopped = app.stop();
    assert.equal(app.health.summary("ready").ok, false);
    await clock.advance(1_000);
    assert.equal(await stopped, 0);
    assert.deepEqual(order, [...stages]);
  });

  it("ends with 1 for an error of main, which is captured once", async () => {
    const { app, reports } = appWorld();
    const error = new Error("main is broken");
    const code = await app.run(() => app.scope("inner", () => Promise.reject(error)));
    assert.equal(code, 1);
    assert.deepEqual(
      reports.map((report) => report.error),
      [error],
    );
  });

  it("ends with 75 for a lost dependency, which is captured by nobody", async () => {
    const { app, reports } = appWorld();
    assert.equal(await app.run(() => Promise.reject(fatalDependency("gone"))), 75);
    assert.deepEqual(reports, []);
  });

  it("ends with 0 for a main that is interrupted by the end", async () => {
    const { app, clock } = appWorld();
    const code = app.run(() => app.sleep(1_000_000));
    await clock.advance(1_000);
    void app.stop();
    await clock.advance(1_000);
    assert.equal(await code, 0);
  });

  it("lets a server's requests end, and closes what becomes idle", async () => {
    const { app, clock } = appWorld();
    let closed: (() => void) | undefined;
    const called: string[] = [];
    const server = {
      listening: true,
      on: () => {},
      off: () => {},
      close: (done?: () => void) => {
        called.push("close");
        closed = done;
      },
      closeIdleConnections: () => void called.push("idle"),
      closeAllConnections: () => void called.push("all"),
    };
    app.server("web", server);
    await app.start();
    const stopped = app.stop();
    await clock.advance(120);
    assert.deepEqual(called, ["close", "idle", "idle", "idle"]);
    closed?.();
    await clock.advance(100);
    assert.equal(await stopped, 0);
    assert.ok(!called.includes("all"));
  });
});

it("connections that outlive the drain are cut, also those that are no HTTP any more", async () => {
  const { app, clock } = appWorld();
  const server = Object.assign(new EventEmitter(), { listening: true, close: () => {} });
  const socket = Object.assign(new EventEmitter(), { destroyed: 0, destroy: () => {} });
  socket.destroy = () => {
    socket.destroyed += 1;
  };
  app.server("web", server, { drainMs: 1_000 });
  server.emit("connection", socket);
  await app.start();
  const stopped = app.stop();
  await clock.advance(900);
  assert.equal(socket.destroyed, 0);
  await clock.advance(200);
  assert.equal(socket.destroyed, 1);
  assert.equal(await stopped, 0);
});

it("a server that is on its way to listen is closed as soon as it does", async () => {
  const { app } = appWorld();
  const server = Object.assign(new EventEmitter(), { listening: false, closed: 0 });
  const close = (): void => {
    server.closed += 1;
  };
  app.server("web", Object.assign(server, { close }));
  await app.start();
  assert.equal(await app.stop(), 0);
  assert.equal(server.closed, 0);
  server.emit("listening");
  assert.equal(server.closed, 1);
});

it("a synthetic check that is first registered while the app runs, runs as well", async () => {
  const { app, clock } = appWorld({ url: "http://127.0.0.1:1" });
  await app.start();
  let ran = 0;
  app.synthetic.register("late", () => {
    ran += 1;
  });
  await clock.advance(10_000);
  assert.equal(ran, 1);
  await app.stop();
});

it("a recovery that ends the process is refused where nothing would remember it", async () => {
  const { app } = appWorld();
  app.recovery.register("system.cache.failure", () => {}, { endsProcess: true, verify: false });
  await assert.rejects(app.start(), misconfigured(/endsProcess needs a state file/));
});

describe("what an app shows", () => {
  it("answers /metrics with its checks, features and policies, in the format that is asked for", async () => {
    const { app, clock } = appWorld({ metrics: { process: false } });
    app.health.register("cache", () => ({ status: "degraded" }), { intervalMs: 100 });
    app.features.register("search", { run: () => 1 });
    app.policies.define({ name: "api", breaker: true });
    await app.start();
    await clock.advance(1_000);
    const plain = await app.endpoints.respond("/metrics");
    assert.match(String(plain?.body), /^app_check_ok\{check="cache"\} 0\.5$/m);
    assert.match(String(plain?.body), /^app_feature_available\{feature="search"\} 1$/m);
    assert.match(String(plain?.body), /^app_fatal_total 0$/m);
    assert.match(String(plain?.body), /pipeline="api"/);
    const open = await app.endpoints.respond("/metrics", "application/openmetrics-text");
    assert.match(String(open?.body), /# EOF\n$/);
    await app.stop();
  });

  it("runs tasks under their name in the log", async () => {
    const { app, lines } = appWorld();
    app.watchdog.task("mailer", async () => {
      app.log.info("in the task");
      await app.sleep(1_000_000);
    });
    await app.start();
    assert.equal(lines.find(({ message }) => message === "in the task")?.thread, "mailer");
    await app.stop();
  });

  it("heals a metric of its own, without a daemon", async () => {
    const { app, clock, events } = appWorld();
    let queue = 500;
    app.healMetric(
      {
        name: "queue",
        read: () => queue,
        judge: (value) => (value > 100 ? { limit: 100, text: "too long" } : undefined),
        everyMs: 1_000,
      },
      () => {
        queue = 0;
      },
    );
    await app.start();
    await clock.advance(30_000);
    assert.ok(events.some(({ type }) => type === "metric.queue.failure.recovered"));
    await app.stop();
  });
});
