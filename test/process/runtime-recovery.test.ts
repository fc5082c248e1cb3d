// Recoveries of a real Redis and a real PostgreSQL, and the hands that recipes are given.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { findProgram } from "../../scripts/apt.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { createBus } from "../../src/runtime/events/bus.ts";
import {
  command,
  commandSucceeds,
  hostAnswers,
  portAnswers,
} from "../../src/runtime/events/ready-steps.ts";
import { cacheRecipe, databaseRecipe } from "../../src/runtime/events/recipes.ts";
import { createRecovery } from "../../src/runtime/events/recovery.ts";
import {
  failures,
  type RecoveryTold,
  type RegisterOptions,
} from "../../src/runtime/events/recovery-options.ts";
import { redisAnswers, redisFlush, redisPut, withRedis } from "../../src/runtime/events/redis.ts";
import type { Ask, Recipe, StepContext } from "../../src/runtime/events/step.ts";

const context = { clock: systemClock, signal: new AbortController().signal } as StepContext;

function folder(t: TestContext, end: (path: string) => Promise<void> | void): string {
  const path = mkdtempSync(join(tmpdir(), "homeostat-recovery-"));
  chmodSync(path, 0o777);
  t.after(async () => {
    await end(path);
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** An app that looks every 200 ms, as its monitor would, and tells the bus while `isUp` says no. */
async function recovered(
  type: string,
  recipe: Recipe,
  isUp: Ask,
  options: RegisterOptions = {},
): Promise<{ readonly told: RecoveryTold; readonly failed: number }> {
  const bus = createBus();
  await using recovery = createRecovery({ bus });
  recovery.register(type, recipe, {
    ...{ cooldownMs: 0, verifyEveryMs: 100, verifyMs: 5_000 },
    ...{ verify: () => isUp(context), backoff: { baseMs: 500, jitter: "none" } },
    ...options,
  });
  let told: RecoveryTold | undefined;
  let failed = 0;
  bus.subscribe(`${type}.recovered`, ({ data }) => {
    told = data as RecoveryTold;
  });
  bus.subscribe(`${type}.recovery_failed`, () => void failed++);
  const end = performance.now() + 30_000;
  while (!told && performance.now() < end) {
    const up = await Promise.resolve(isUp(context)).catch(() => false);
    if (!up) bus.publish({ type, source: "it", severity: "critical" });
    await wait(200);
  }
  assert.ok(told, "it was recovered within 30 s");
  return { told, failed };
}

async function until(ask: Ask, what: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await Promise.resolve(ask(context)).catch(() => false))) {
    assert.ok(performance.now() < end, what);
    await wait(50);
  }
}

const names = ({ steps }: RecoveryTold) => steps.map(({ name, outcome }) => `${name}: ${outcome}`);

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("a real Redis: killed, it is restarted and pre-warmed; stale, it is flushed", async (t) => {
  const server = findProgram("redis-server");
  assert.ok(server, "redis-server is missing: apt-get install redis-server");
  let child: ChildProcess | undefined;
  const dir = folder(t, () => ended(child));
  const port = await freePort();
  const place = { port, password: "p w", limitMs: 2_000 };
  const restart = (): void => {
    const only = ["--bind", "127.0.0.1", "--save", "", "--dir", dir, "--requirepass", "p w"];
    child = spawn(server, ["--port", String(port), ...only], { stdio: "ignore" });
  };
  const isUp = redisAnswers(place);
  const recipe = cacheRecipe({
    flush: redisFlush(place, "shop:*:"),
    isRunning: isUp,
    restart,
    prewarm: redisPut(place, async () => [["shop:*:greeting", "hé\r\nllo"]], 60_000),
    everyMs: 100,
  });
  const get = (key: string) => withRedis(place, context, (call) => call("GET", key));

  restart();
  await until(isUp, "the cache starts");
  await ended(child);
  const { told } = await recovered(failures.cache, recipe, isUp);
  assert.deepEqual(names(told), [
    "flush the cache, if it can be: done",
    "flush the cache: failed",
    "is the cache running: done",
    "restart the cache: done",
    "wait for the cache: done",
    "pre-warm the cache: done",
  ]);
  assert.equal(await get("shop:*:greeting"), "hé\r\nllo");

  const { pid } = child ?? {};
  await withRedis(place, context, async (call) => {
    await call("SET", "shop:*:stale", "old");
    await call("SET", "others", "keep");
    for (let i = 0; i < 2_500; i++) await call("SET", `shop:*:${i}`, "x");
  });
  let stale = true;
  const isFresh: Ask = async () => {
    stale = (await get("shop:*:stale")) !== null;
    return !stale;
  };
  const second = await recovered(failures.cache, recipe, isFresh);
  assert.equal(second.failed, 0);
  assert.equal(child?.pid, pid, "one that runs is not restarted");
  assert.equal(second.told.steps.find(({ depth }) => depth === 1)?.answer, "2502");
  assert.equal(await get("others"), "keep");
  assert.equal(await withRedis(place, context, (call) => call("DBSIZE")), 2);
  const wrong = withRedis({ ...place, password: "no" }, context, (call) => call("PING"));
  await assert.rejects(wrong, /redis at 127\.0\.0\.1:\d+: WRONGPASS/);
  await assert.rejects(
    withRedis(place, context, (call) => call("NO")),
    /ERR unknown command/,
  );
});

/** PostgreSQL refuses to run as root; there, the lowest user of all runs it. */
const lowly = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

test("a real PostgreSQL: killed, it is restarted and whole; its host gone, the replica takes over", async (t) => {
  const [pgCtl, psql] = [findProgram("pg_ctl"), findProgram("psql")];
  assert.ok(
    pgCtl && psql && findProgram("postgres"),
    "PostgreSQL is missing: apt-get install postgresql",
  );
  const run = (name: string, ...args: string[]): string =>
    execFileSync(findProgram(name) ?? name, args, {
      ...lowly,
      cwd: dir,
      encoding: "utf8",
      stdio: "pipe",
    });
  const dir = folder(t, (path) => {
    for (const data of ["first", "second"]) {
      try {
        run("pg_ctl", "-D", join(path, data), "-m", "immediate", "-w", "stop");
      } catch (error) {
        // It is down already, or never was there.
        assert.match(String(error), /PID file|is not running|No such process|does not exist/);
      }
    }
  });
  const [first, second] = [join(dir, "first"), join(dir, "second")];
  const made = ["-A", "trust", "-U", "shop", "--no-sync", "--no-instructions"];
  run("initdb", "-D", first, ...made);
  const start = (data: string, port: number): string[] => {
    const only = `-c listen_addresses= -k ${dir} -p ${port} -c fsync=off -c max_connections=10 -c wal_retrieve_retry_interval=200ms`;
    return ["-D", data, "-l", `${data}.log`, "-o", only, "-w", "-t", "20", "start"];
  };
  // A child of ours: when it is killed its process is gone at once, and not when pid 1 finds the time.
  const postgres = findProgram("postgres") ?? "postgres";
  const only = [
    "-c",
    "listen_addresses=",
    "-k",
    dir,
    "-c",
    "fsync=off",
    "-c",
    "max_connections=10",
  ];
  const postmaster = spawn(postgres, ["-D", first, "-p", "5432", ...only], {
    ...{ ...lowly, cwd: dir, stdio: "ignore" as const },
  });

  let port = 5432;
  const query = (sql: string) => (context: StepContext) => {
    const args = ["-h", dir, "-p", String(port), "-U", "shop", "-d", "postgres", "-Atqc", sql];
    return command(psql, args, { ...lowly, cwd: dir, limitMs: 5_000 })(context);
  };
  const isUp: Ask = async (context) => (await query("select pg_is_in_recovery()")(context)) === "f";
  const verifyIntegrity: Ask = async (context) => {
    await query("insert into orders default values")(context);
    return Number(await query("select count(*) from orders")(context)) > 1_000;
  };
  await until(isUp, "the database starts");
  await query("create table orders (id serial)")(context);
  await query("insert into orders select from generate_series(1, 1000)")(context);
  run(
    "pg_basebackup",
    "-h",
    dir,
    "-p",
    "5432",
    "-U",
    "shop",
    "-D",
    second,
    "-R",
    "-c",
    "fast",
    "--no-sync",
  );
  run("pg_ctl", ...start(second, 5433));

  let host = true;
  const recipe = databaseRecipe({
    pingHost: () => host,
    restart: command(pgCtl, start(first, 5432), { ...lowly, cwd: dir }),
    activateReplica: async (context) => {
      await command(pgCtl, ["-D", second, "-w", "promote"], { ...lowly, cwd: dir })(context);
      port = 5433;
    },
    isUp,
    verifyIntegrity,
    everyMs: 100,
    waitMs: 5_000,
  });
  // It leaves its children behind for a moment: a restart may come too soon, and is then tried again.
  await ended(postmaster);
  const restarted = await recovered(failures.database, recipe, isUp);
  assert.deepEqual(names(restarted.told), [
    "does the database's host answer: done",
    "restart the database: done",
    "wait for the database: done",
    "verify integrity: done",
  ]);
  assert.equal(await query("select count(*) from orders")(context), "1001");
  t.diagnostic(`restarted after ${restarted.failed} failed runs`);

  const lag = "select count(*) from pg_stat_replication where replay_lsn = pg_current_wal_lsn()";
  await until(async (context) => (await query(lag)(context)) === "1", "the replica follows");
  host = false;
  run("pg_ctl", "-D", first, "-m", "immediate", "-w", "stop");
  const failedOver = await recovered(failures.database, recipe, isUp);
  assert.equal(failedOver.failed, 0);
  assert.equal(names(failedOver.told)[1], "fail over to the replica: done");
  assert.equal(await query("select count(*) from orders")(context), "1002");
});

test("a host answers when it refuses, a port only when something listens", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const closed = await freePort();
  assert.equal(await portAnswers("127.0.0.1", port)(context), true);
  assert.equal(await portAnswers("127.0.0.1", closed)(context), false);
  assert.equal(await hostAnswers("127.0.0.1", closed)(context), true);
  assert.equal(await hostAnswers("no-such-host.invalid", 80, 500)(context), false);
  const aborted = { ...context, signal: AbortSignal.abort() };
  assert.equal(await hostAnswers("127.0.0.1", port)(aborted), false);
});

test("a command: both outputs, its end as the reason, and an end to one that hangs", async () => {
  const script = (text: string) => ["-e", text];
  const said = await command(process.execPath, script("console.log(1); console.error(2)"))(context);
  assert.deepEqual(said.split("\n").sort(), ["1", "2"]);
  const failing = command(process.execPath, script("console.error('why'); process.exit(3)"));
  await assert.rejects(failing(context), /ended with code 3: why$/);
  await assert.rejects(command("no-such-program", [])(context), /could not be started/);
  const stubborn = "process.on('SIGTERM', () => {}); console.log('on'); setInterval(() => {}, 1e6)";
  const from = performance.now();
  const hanging = command(process.execPath, script(stubborn), { limitMs: 700 });
  await assert.rejects(hanging(context), /was ended by SIG(?:KILL|TERM)/);
  assert.ok(performance.now() - from < 10_000);
  const keeps = "sleep 5 & echo started";
  assert.equal(await command("sh", ["-c", keeps])(context), "started");
  assert.ok(performance.now() - from < 10_000, "what it left running is not waited for");
  assert.equal(await commandSucceeds("true", [])(context), true);
  await assert.rejects(
    Promise.resolve(commandSucceeds("false", [])(context)),
    /ended with code 1$/,
  );
});
