// The leases that need no server keep to the contract; those of servers ask for what they should.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { leaseConformance } from "../../testing/lease-conformance.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Life, NamedProcess, ProcessTable } from "../parts/process-identity.ts";
import { fileLease } from "./file-lease.ts";
import { memoryLease } from "./memory-lease.ts";
import { leaseTable, postgresLease } from "./postgres-lease.ts";
import { redisLease } from "./redis-lease.ts";

const never = new AbortController().signal;

/** A machine on which processes end and which is started again when a test says so. */
function machine() {
  const gone = new Set<number>();
  const time = { uptimeMs: 50_000, bootId: "first" };
  const seen = (pid: number, space = "host"): ProcessTable => ({
    self: { pid, startTicks: 1, bootId: time.bootId, space },
    uptimeMs: () => time.uptimeMs,
    lifeOf: ({ pid: asked, bootId, space: where }: NamedProcess): Life => {
      if (bootId !== time.bootId) return "gone";
      if (where !== space) return "unseen";
      return gone.has(asked) ? "gone" : "alive";
    },
  });
  return { gone, time, seen };
}

function folder(t?: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "homeostat-lease-"));
  t?.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

leaseConformance("memoryLease", async () => {
  const clock = simClock();
  return {
    lease: memoryLease("test", { clock }),
    ttlMs: 10_000,
    pass: (ms) => clock.advance(ms),
    cleanup: () => {},
  };
});

leaseConformance("fileLease", async () => {
  const { time, seen } = machine();
  const path = folder();
  return {
    lease: fileLease(join(path, "lease"), { processes: seen(1) }),
    other: fileLease(join(path, "lease"), { processes: seen(2) }),
    ttlMs: 10_000,
    pass: (ms) => {
      time.uptimeMs += ms;
    },
    cleanup: () => rmSync(path, { recursive: true }),
  };
});

test("fileLease: free at once when its holder's process ended; the token goes on", async (t) => {
  const { gone, seen } = machine();
  const path = join(folder(t), "deep", "lease");
  const [one, two] = [1, 2].map((pid) => fileLease(path, { processes: seen(pid) }));
  assert.ok(one && two);
  assert.deepEqual(await one.acquire("one", 10_000, never), { token: 1 });
  gone.add(1);
  assert.deepEqual(await two.acquire("two", 10_000, never), { token: 2 });
  assert.deepEqual(readdirSync(join(path, "..")), ["lease.2"]);
});

test("fileLease: free after a restart of the machine, also without a boot id; the token goes on", async (t) => {
  const { time, seen } = machine();
  const path = join(folder(t), "lease");
  const take = (pid: number, ttlMs = 1e9) =>
    fileLease(path, { processes: seen(pid) }).acquire(`${pid}`, ttlMs, never);
  assert.deepEqual(await take(1), { token: 1 });
  time.bootId = "second";
  assert.deepEqual(await take(2, 1), { token: 2 });
  Object.assign(time, { bootId: "", uptimeMs: 60_000 });
  assert.deepEqual(await take(3), { token: 3 });
  assert.ok(!("token" in (await take(4))));
  time.uptimeMs = 100;
  assert.deepEqual(await take(5), { token: 4 });
});

test("fileLease: another container's holder cannot be seen, so its time decides", async (t) => {
  const { gone, time, seen } = machine();
  const path = join(folder(t), "lease");
  await fileLease(path, { processes: seen(1) }).acquire("one", 10_000, never);
  gone.add(1);
  const two = fileLease(path, { processes: seen(1, "container") });
  assert.deepEqual(await two.acquire("two", 10_000, never), { heldBy: "one", untilMs: 10_000 });
  time.uptimeMs += 10_000;
  assert.deepEqual(await two.acquire("two", 10_000, never), { token: 2 });
});

test("redisLease: what is no reply of its scripts is an error, never a lease", async () => {
  for (const reply of ["OK", null, [1, "", 0], [1, "x", 0]]) {
    await assert.rejects(
      redisLease(async () => reply, "shop").acquire("one", 1_000, never),
      /lease homeostat:\{shop\}: expected the reply of EVAL, got/,
    );
  }
  const sent: (readonly string[])[] = [];
  const lease = redisLease(async (...command) => {
    sent.push(command);
    return 1;
  }, "shop");
  assert.equal(await lease.renew("one", 7, 1_000.5, never), true);
  assert.deepEqual(sent[0]?.slice(2), ["1", "homeostat:{shop}", "7 one", "1001"]);
});

test("postgresLease: makes its table once it is missing, also when another one was faster", async () => {
  let isThere = false;
  const asked: string[] = [];
  const query = async (text: string) => {
    asked.push(text === leaseTable ? "table" : "row");
    if (text === leaseTable) {
      if (isThere) return { rows: [] };
      isThere = true;
      throw new Error("duplicate key value violates unique constraint");
    }
    if (!isThere) throw Object.assign(new Error("Relation gibt es nicht"), { code: "42P01" });
    return { rows: [{ token: "3" }] };
  };
  const lease = postgresLease(query, "shop");
  assert.deepEqual(await lease.acquire("one", 1_000, never), { token: 3 });
  assert.equal(await lease.renew("one", 3, 1_000, never), true);
  assert.deepEqual(asked, ["row", "table", "table", "row", "row"]);
  const broken = postgresLease(async () => Promise.reject(new Error("no route")), "shop");
  await assert.rejects(broken.acquire("one", 1_000, never), /^Error: no route$/);
});
