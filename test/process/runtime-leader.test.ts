// Leases in real stores, leaders that are killed and stopped, and twenty that want to be the only one.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../../scripts/apt.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { type RedisPlace, redisAnswers, withRedis } from "../../src/runtime/events/redis.ts";
import type { StepContext } from "../../src/runtime/events/step.ts";
import { postgresLease } from "../../src/runtime/leader/postgres-lease.ts";
import { redisLease } from "../../src/runtime/leader/redis-lease.ts";
import { singleInstance } from "../../src/runtime/single/single.ts";
import { supervisord, systemd } from "../../src/runtime/single/supervisors.ts";
import { leaseConformance } from "../../src/testing/lease-conformance.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { weathers } from "../support/leader-world.ts";
import { openPsql, type Psql } from "./support/psql.ts";

const context = { clock: systemClock, signal: new AbortController().signal } as StepContext;
const realTtlMs = 2_500;
const pass = (ms: number): Promise<void> => sleep(ms + 20);

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "homeostat-leader-"));
  chmodSync(path, 0o777);
  return path;
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

/** PostgreSQL refuses to run as root; there, the lowest user of all runs it. */
const lowly = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

const app = join(import.meta.dirname, "support", "runtime-leader-app.ts");
// The types are stripped once, not by each of the many.
const cache = folder();
after(() => rmSync(cache, { recursive: true, force: true }));

interface One {
  readonly child: ChildProcess;
  readonly said: readonly string[];
}

function launch(t: TestContext, what: "lead" | "race", file: string): One {
  const child = spawn(process.execPath, ["--conditions=source", app, what, file], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  t.after(() => ended(child));
  const said: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.push(...text.split("\n").filter((line) => line !== ""));
  });
  return { child, said };
}

function file(t: TestContext): string {
  const path = folder();
  t.after(() => rmSync(path, { recursive: true }));
  return join(path, "it");
}

const leadsNow = ({ child, said }: One): boolean =>
  child.signalCode === null && /^leads/.test(said.at(-1) ?? "");

// They mostly wait.
describe("leaders and single ones", { concurrency: true }, () => {
  describe("a real Redis", { concurrency: 1 }, () => {
    let server: ChildProcess | undefined;
    let dir = "";
    let place: RedisPlace = {};
    const send = (...command: readonly string[]) =>
      withRedis(place, context, (call) => call(...command));
    before(async () => {
      const program = findProgram("redis-server");
      assert.ok(program, "redis-server is missing: apt-get install redis-server");
      dir = folder();
      place = { port: await freePort(), limitMs: 10_000 };
      const only = ["--bind", "127.0.0.1", "--save", "", "--dir", dir];
      server = spawn(program, ["--port", String(place.port), ...only], { stdio: "ignore" });
      const isUp = redisAnswers(place);
      const isThere = () => Promise.resolve(isUp(context)).catch(() => false);
      for (let i = 0; i < 200 && !(await isThere()); i++) await sleep(25);
    });
    after(async () => {
      await ended(server);
      rmSync(dir, { recursive: true, force: true });
    });
    let keys = 0;
    leaseConformance("redisLease", async () => {
      const key = `shop ${keys++}`;
      const [lease, other] = [redisLease(send, key), redisLease(send, key)];
      return { lease, other, ttlMs: realTtlMs, pass, cleanup: () => {} };
    });
    test("a Redis that lost all its data does not begin again with small tokens", async () => {
      const never = new AbortController().signal;
      const lease = redisLease(send, "lost");
      const first = await lease.acquire("one", 60_000, never);
      await send("FLUSHALL");
      const second = await lease.acquire("two", 60_000, never);
      assert.ok("token" in first && "token" in second && second.token > first.token);
    });
  });

  describe("a real PostgreSQL", () => {
    let postmaster: ChildProcess | undefined;
    let dir = "";
    let sessions: readonly Psql[] = [];
    before(async () => {
      const [initdb, postgres, psql] = ["initdb", "postgres", "psql"].map(findProgram);
      assert.ok(initdb && postgres && psql, "PostgreSQL is missing: apt-get install postgresql");
      dir = folder();
      const data = join(dir, "data");
      const made = ["-A", "trust", "-U", "shop", "--no-sync", "--no-instructions"];
      execFileSync(initdb, ["-D", data, ...made], { ...lowly, cwd: dir, stdio: "pipe" });
      const only = ["listen_addresses=", "fsync=off", "max_connections=10"].flatMap((one) => [
        "-c",
        one,
      ]);
      postmaster = spawn(postgres, ["-D", data, "-k", dir, ...only], {
        ...{ ...lowly, cwd: dir, stdio: "ignore" as const },
      });
      await eventually("PostgreSQL listens", () => readdirSync(dir).includes(".s.PGSQL.5432"));
      const args = ["-h", dir, "-U", "shop", "-d", "postgres"];
      for (let i = 0; i < 200; i++) {
        try {
          execFileSync(psql, [...args, "-c", "select 1"], { stdio: "pipe" });
          break;
        } catch {
          await sleep(50); // it is still starting
        }
      }
      sessions = [openPsql(psql, args), openPsql(psql, args)];
    });
    after(async () => {
      for (const session of sessions) await session[Symbol.asyncDispose]();
      await ended(postmaster);
      rmSync(dir, { recursive: true, force: true });
    });
    let rows = 0;
    leaseConformance("postgresLease", async () => {
      const name = `shop ${rows++}`;
      const [lease, other] = sessions.map((session) => postgresLease(session.query, name));
      assert.ok(lease);
      return { lease, other, ttlMs: realTtlMs, pass, cleanup: () => {} };
    });
  });

  test("a killed leader is followed, a stopped one when its lease is over, and it then knows", async (t) => {
    const path = file(t);
    const all = Array.from({ length: 3 }, () => launch(t, "lead", path));
    await eventually("one leads", () => all.some(leadsNow));
    const first = all.find(leadsNow);
    first?.child.kill("SIGKILL");
    await eventually("another leads", () => all.some((one) => one !== first && leadsNow(one)));
    const second = all.find((one) => one !== first && leadsNow(one));
    assert.equal(second?.said.at(-1), "leads 2");
    second?.child.kill("SIGSTOP");
    const third = all.find((one) => one !== first && one !== second);
    await eventually("the third leads", () => third !== undefined && leadsNow(third));
    assert.equal(third?.said.at(-1), "leads 3");
    second?.child.kill("SIGCONT");
    await eventually("the second knows", () => second?.said.at(-1) === "lost 2");
    third?.child.kill("SIGTERM");
    await eventually("the second leads again", () => second !== undefined && leadsNow(second));
    assert.deepEqual(third?.said.slice(1), ["leads 3", "lost 3"]);
    assert.equal(second?.said.at(-1), "leads 4");
    assert.deepEqual(readdirSync(join(path, "..")), ["it.4"]);
  });

  test("of twenty processes one is the single one; killed, another takes its place", async (t) => {
    const path = file(t);
    const warm = launch(t, "race", path);
    warm.child.stdin?.end();
    await once(warm.child, "exit");
    const all = Array.from({ length: 20 }, () => launch(t, "race", path));
    await eventually("all are ready", () => all.every(({ said }) => said.length === 1));
    let runners = all;
    for (let round = 1; round <= 3; round++) {
      for (const { child } of runners) child.stdin?.write("go\n");
      await eventually("all were answered", () => runners.every(({ said }) => said.length > round));
      const answers = runners.map(({ said }) => said[round] ?? "");
      const winner = runners.find(({ said }) => said[round] === `won ${round}`);
      assert.ok(winner, answers.join());
      const others = answers.filter((answer) => answer === `refused ${winner.child.pid}`);
      assert.equal(others.length, runners.length - 1, answers.join());
      await assert.rejects(singleInstance({ file: path }), /already running as process \d+ on/);
      await ended(winner.child);
      runners = runners.filter((one) => one !== winner);
    }
    using mine = await singleInstance({ file: path });
    assert.equal(mine.number, 4);
    await assert.rejects(singleInstance({ file: path }), /already running in this very process/);
  });

  test("without systemd and supervisord, or a unit that nobody knows: no objection", async () => {
    assert.equal(await systemd()("homeostat-no-such-unit.service"), undefined);
    assert.equal(await supervisord()("homeostat-no-such-program"), undefined);
  });
});

test("never two leaders, fifty seeds", async () => {
  const seeds = Array.from({ length: 50 }, (_, i) => 1_000 + i);
  const bad = { forMs: 60_000, drift: 0.05, loss: 0.1, stallMs: 1_000 };
  const { terms, overlaps, stalledOverlaps } = await weathers(seeds, bad);
  assert.ok(terms >= 150, `${terms} terms`);
  assert.equal(overlaps + stalledOverlaps, 0);
});
