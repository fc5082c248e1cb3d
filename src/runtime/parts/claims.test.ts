// Two who reach for the same claim at the worst moments: never do both have it.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Claims, createClaims, type Holds } from "./claims.ts";
import type { ProcessTable } from "./process-identity.ts";

const byTime: Holds = ({ untilMs }, table) => table.uptimeMs() < untilMs;

/** `between` is called once, at the given look at the clock. */
function rig(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-claims-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "it");
  const time = { nowMs: 1_000 };
  const tableOf = (pid: number, uptimeMs: () => number): ProcessTable => ({
    self: { pid, startTicks: 1, bootId: "b", space: "s" },
    lifeOf: ({ pid }) => (pid === 77 ? "gone" : "alive"),
    uptimeMs,
  });
  const at = (pid: number, nowMs: number): Claims =>
    createClaims(
      path,
      byTime,
      tableOf(pid, () => nowMs),
    );
  const plain = (pid: number): Claims => at(pid, time.nowMs);
  const interrupted = (pid: number, atLook: number, between: () => void): Claims => {
    let looks = 0;
    const uptimeMs = (): number => {
      const { nowMs } = time;
      looks += 1;
      if (looks === atLook) between();
      return nowMs;
    };
    return createClaims(path, byTime, tableOf(pid, uptimeMs));
  };
  return { folder, path, time, at, plain, interrupted };
}

const want = (holder: string) => ({ holder, forMs: 100, since: "2026-01-01T00:00:00Z" });

test("a holder that prolongs while another takes what has just run out: one has it", (t) => {
  let seen = 0;
  for (let look = 1; look <= 6; look++) {
    const { time, plain, interrupted } = rig(t);
    assert.ok("number" in plain(1).take(want("one")));
    let taken: ReturnType<Claims["take"]> | undefined;
    const one = interrupted(1, look, () => {
      time.nowMs += 100;
      taken = plain(2).take(want("two"));
    });
    const kept = one.keep(1, "one", 100);
    if (!taken) break;
    seen += 1;
    assert.ok(!(kept && "number" in taken), `look ${look}: both have it`);
    assert.ok(kept || "number" in taken, `look ${look}: nobody has it`);
  }
  assert.ok(seen >= 2, `${seen} moments were tried`);
});

test("a holder that looked before its end and writes after it, while another takes: one has it", (t) => {
  let seen = 0;
  for (let look = 1; look <= 6; look++) {
    const { time, plain, interrupted, at } = rig(t);
    plain(1).take(want("one"));
    time.nowMs += 100;
    let kept: boolean | undefined;
    const two = interrupted(2, look, () => {
      kept = at(1, time.nowMs - 1).keep(1, "one", 100);
    });
    const taken = two.take(want("two"));
    if (kept === undefined) break;
    seen += 1;
    assert.ok(!(kept && "number" in taken), `look ${look}: both have it`);
  }
  assert.ok(seen >= 2, `${seen} moments were tried`);
});

test("of two who take at the same moment, at any of its moments, exactly one has it", (t) => {
  let seen = 0;
  for (let look = 1; look <= 8; look++) {
    const { time, plain, interrupted } = rig(t);
    plain(1).take(want("before"));
    time.nowMs += 100;
    let other: ReturnType<Claims["take"]> | undefined;
    const slow = interrupted(2, look, () => {
      other = plain(3).take(want("other"));
    });
    const mine = slow.take(want("mine"));
    if (!other) break;
    seen += 1;
    const winners = [mine, other].filter((answer) => "number" in answer);
    assert.equal(winners.length, 1, `look ${look}: ${JSON.stringify([mine, other])}`);
  }
  assert.ok(seen >= 2, `${seen} moments were tried`);
});

test("one so slow that its number is long past gets nothing, and leaves nothing", (t) => {
  const { folder, time, plain, interrupted } = rig(t);
  plain(1).take(want("before"));
  time.nowMs += 100;
  const slow = interrupted(2, 2, () => {
    for (let round = 0; round < 4; round++) {
      const taken = plain(3).take(want(`round ${round}`));
      assert.ok("number" in taken);
      if (round < 3) time.nowMs += 100;
    }
  });
  assert.equal("number" in slow.take(want("slow")), false);
  assert.deepEqual(readdirSync(folder), ["it.5"]);
});

test("a crash in the middle of taking blocks nobody for ever, and its draft is cleared away", (t) => {
  const { folder, path, time, plain } = rig(t);
  plain(1).take(want("one"));
  writeFileSync(`${path}.2`, "");
  writeFileSync(`${path}.draft-77-1-0`, "{");
  assert.equal("number" in plain(2).take(want("two")), false, "the first still has it");
  time.nowMs += 100;
  const taken = plain(2).take(want("two"));
  assert.ok("number" in taken && taken.number === 3, "the empty file keeps its number");
  assert.deepEqual(readdirSync(folder).sort(), ["it.3"]);
});
