// Ready-made targets: what they save before they act, what they refuse, and that they undo exactly.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../../kernel/log.ts";
import { pipeline } from "../../../policies/pipeline.ts";
import { simClock } from "../../../testing/sim-clock.ts";
import { createChaos, type Json, type Recovery, type Target } from "../chaos.ts";
import { errors, latency } from "./faults.ts";
import { firewallBlock } from "./firewall.ts";
import type { Call } from "./firewall-rules.ts";
import { killedProcess, pausedProcess } from "./process.ts";
import type { ProcessHand } from "./process-hand.ts";
import { flushedRedis } from "./redis.ts";
import { changedSetting } from "./setting.ts";

const never: AbortSignal = new AbortController().signal;
const how: Recovery = { signal: never, known: true, left: false };

/** Disrupts and answers what a crash right after would find in the journal. */
async function disrupted(target: Target): Promise<Json | undefined> {
  let saved: Json | undefined;
  const answer = await target.disrupt(never, (undo) => {
    saved = JSON.parse(JSON.stringify(undo));
  });
  return (answer as Json | undefined) ?? saved;
}

function heard() {
  const lines: string[] = [];
  const write = ({ message }: { readonly message: string }): void => void lines.push(message);
  return { lines, log: createLog({ level: "debug", wall: () => 0, write }) };
}

test("a setting: the saved value comes back exactly, and twice does no harm", async () => {
  let pool: { max: number; idle?: number } = { max: 20, idle: 3 };
  const target = changedSetting({
    get: () => pool,
    set: (value) => {
      pool = value;
    },
    to: (was) => ({ ...was, max: 1 }),
  });
  const undo = await disrupted(target);
  assert.deepEqual(pool, { max: 1, idle: 3 });
  await target.recover?.(undo, how);
  await target.recover?.(undo, how);
  await target.recover?.(undefined, how);
  assert.deepEqual(pool, { max: 20, idle: 3 });
});

test("a setting that somebody changed meanwhile is left alone, and it is said without the value", async () => {
  let password = "old-secret";
  const { lines, log } = heard();
  const set = (value: string): void => {
    password = value;
  };
  const target = changedSetting({ name: "password", get: () => password, set, to: "wrong", log });
  const undo = await disrupted(target);
  password = "rotated-by-an-operator";
  await target.recover?.(undo, how);
  assert.equal(password, "rotated-by-an-operator");
  assert.deepEqual(lines, [
    "CHAOS: password was changed by somebody else meanwhile: their value stays",
  ]);
});

test("a setting is saved before it is touched; one that keeps values in its own form is known again", async () => {
  const told: unknown[] = [];
  let limit = "30s";
  const set = (value: string): void => {
    told.push(["set", value]);
    limit = value === "1s" ? "1000ms" : value;
  };
  const target = changedSetting({ get: () => limit, set, to: "1s" });
  const undo = await target.disrupt(never, (saved) => void told.push(["saved", saved]));
  assert.deepEqual(told, [
    ["saved", { before: "30s", to: "1s" }],
    ["set", "1s"],
  ]);
  await target.recover?.(undo as Json, how);
  assert.equal(limit, "30s");
  const stuck = changedSetting({ get: () => 1, set: () => {}, to: 2 });
  await assert.rejects(disrupted(stuck), { code: "ACTION_FAILED" });
  await assert.rejects(disrupted(changedSetting({ get: () => 1, set, to: 1 } as never)), {
    code: "OPTION_INVALID",
  });
});

/** Processes by number, each with the tick it was started at. */
function processes(starts: Record<number, number>, stopped: readonly number[] = []) {
  const sent: [number, string][] = [];
  const hand: ProcessHand = {
    self: 100,
    identify: (pid) => {
      const startTicks = starts[pid];
      return startTicks ? { pid, startTicks, bootId: "b", space: "s" } : undefined;
    },
    lifeOf: ({ pid, startTicks, space }) =>
      space !== "s" ? "unseen" : starts[pid] === startTicks ? "alive" : "gone",
    isStopped: (pid) => stopped.includes(pid),
    signal: (pid, signal) => {
      sent.push([pid, signal]);
      if (signal === "SIGKILL") delete starts[pid];
    },
  };
  return { hand, sent, starts };
}

test("a paused process is continued once; one that got its number later is never signalled", async () => {
  const { hand, sent, starts } = processes({ 7: 11 });
  const target = pausedProcess({ pid: 7, hand });
  const undo = await disrupted(target);
  assert.deepEqual(undo, { pid: 7, startTicks: 11, bootId: "b", space: "s" });
  await target.recover?.(undo, how);
  starts[7] = 99;
  await target.recover?.(undo, how);
  await target.recover?.(undefined, how);
  assert.deepEqual(sent, [
    [7, "SIGSTOP"],
    [7, "SIGCONT"],
  ]);
  const elsewhere = { ...(undo as { pid: number }), space: "container" };
  assert.throws(() => target.recover?.(elsewhere, how), /pid namespace/);
});

test("what must not be paused is refused before anything is saved", async () => {
  const { hand, sent } = processes({ 7: 11, 8: 12, 100: 1 }, [8]);
  for (const [pid, why] of [
    [8, /stopped already/],
    [100, /its own process/],
    [1, /no process to disrupt/],
    [9, /not there/],
    [() => undefined, /no process/],
  ] as const) {
    const saved: unknown[] = [];
    const target = pausedProcess({ pid, hand });
    await assert.rejects(async () => target.disrupt(never, (undo) => saved.push(undo)), why);
    assert.deepEqual(saved, []);
  }
  assert.deepEqual(sent, []);
});

test("a killed process is recovered when its successor lives, by whoever starts it", async () => {
  const { hand, sent, starts } = processes({ 7: 11 });
  const clock = simClock();
  let current: number | undefined = 7;
  const target = killedProcess({ pid: () => current, hand, clock });
  const undo = await disrupted(target);
  assert.deepEqual(sent, [[7, "SIGKILL"]]);
  current = undefined;
  let over = false;
  const recovering = Promise.resolve(target.recover?.(undo, how)).then(() => {
    over = true;
  });
  await clock.advance(200);
  assert.equal(over, false, "nothing lives yet");
  [current, starts[8]] = [8, 12];
  await clock.advance(50);
  await recovering;
  assert.throws(() => killedProcess({ pid: 7, hand }), { code: "OPTION_INVALID" });
  let restarts = 0;
  const fixed = killedProcess({ pid: 8, hand, restart: () => void restarts++ });
  await fixed.recover?.(await disrupted(fixed), how);
  assert.equal(restarts, 1);
});

const ran = { signal: null, stdout: "", stderr: "", truncated: false, tookMs: 1 };

/** nft with a set of tables. */
function fakeNft(tables: Set<string>) {
  const calls: string[] = [];
  const run = async ({ file, args, stdin = "" }: Call) => {
    calls.push([file, ...args].join(" "));
    const name = /table inet (\w+)/.exec(stdin || args.join(" "))?.[1] ?? "";
    if (stdin !== "") tables.add(name);
    if (args.includes("delete")) tables.delete(name);
    if (stdin || args.includes("tables") || args.includes("delete") || tables.has(name)) {
      return { ...ran, ok: true, code: 0 };
    }
    const stderr = `Error: No such file or directory\nlist table inet ${name}\n`;
    return { ...ran, ok: false, code: 1, stderr };
  };
  return { calls, run };
}

test("a firewall block is known by a name that is saved first, and only that is removed", async () => {
  const tables = new Set(["homeostat_other"]);
  const { calls, run } = fakeNft(tables);
  const target = firewallBlock({ host: "127.0.0.1", port: 5432, run, random: () => 0.5 });
  let beforeSave: string[] = [];
  let undo: Json | undefined;
  await target.disrupt(never, (saved) => {
    beforeSave = [...calls];
    undo = saved;
  });
  assert.deepEqual(beforeSave, ["nft list tables"]);
  assert.equal(tables.size, 2);
  await target.recover?.(undo, how);
  assert.deepEqual([...tables], ["homeostat_other"]);
  await target.recover?.(undo, how);
  await target.recover?.(undefined, how);
  assert.equal(calls.filter((call) => call.includes("delete")).length, 1);
});

test("who may not set a rule is told so before anything is saved", async () => {
  const stderr = "Operation not permitted (you must be root)";
  const target = firewallBlock({
    port: 5432,
    run: async () => ({ ...ran, ok: false, code: 1, stderr }),
  });
  const saves: unknown[] = [];
  await assert.rejects(async () => target.disrupt(never, (undo) => saves.push(undo)), {
    code: "FORBIDDEN",
    message: /needs root/,
  });
  assert.deepEqual(saves, []);
  assert.throws(() => firewallBlock({ port: 0 }), { code: "OPTION_INVALID" });
  assert.throws(() => firewallBlock({ port: 1, netns: "-all" }), { code: "OPTION_INVALID" });
});

test("a flush refuses more than its limits, a client that answers texts, and a file that is in use", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-flush-"));
  const file = join(folder, "keys.dump");
  try {
    const names = (count: number) =>
      Array.from({ length: count }, (_, index) => Buffer.from(`a:${index}`));
    const sending =
      (count: number, bytes: number) =>
      async (verb: string): Promise<unknown> =>
        verb === "SCAN"
          ? [Buffer.from("0"), names(count)]
          : [Buffer.alloc(bytes), Buffer.from("0")];
    const about = { prefix: "a:", file, keysMax: 10, bytesMax: 1_000 };
    for (const [send, why] of [
      [sending(11, 1), /more than 10 keys.*nothing was flushed/],
      [sending(10, 101), /more than 1000 bytes.*nothing was flushed/],
      [async () => ["0", ["a:text"]], /as Buffer/],
    ] as const) {
      const target = flushedRedis({ ...about, send });
      const saved: Json[] = [];
      await assert.rejects(async () => target.disrupt(never, (undo) => saved.push(undo)), why);
      await target.recover?.(saved.at(-1), how);
      assert.deepEqual(readdirSync(folder), []);
    }
    writeFileSync(file, "of a life before");
    const target = flushedRedis({ ...about, send: sending(1, 1) });
    await assert.rejects(disrupted(target), { code: "JOURNAL_UNUSABLE" });
    assert.throws(() => flushedRedis({ ...about, send: sending(1, 1), prefix: "" }), {
      code: "OPTION_INVALID",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("latency and errors: the calls of a pipeline are slow or fail while the target is disrupted", async () => {
  const clock = simClock();
  await using chaos = createChaos({ armed: true, clock });
  const slow = pipeline({ name: "slow", clock, chaos: chaos.fault("slow", latency(500)) });
  const broken = pipeline({ name: "broken", clock, chaos: chaos.fault("broken", errors()) });
  await chaos.start();
  assert.equal(await broken.run(() => "well"), "well");
  await chaos.disruptNow("slow");
  await chaos.disruptNow("broken");
  await assert.rejects(
    broken.run(() => "well"),
    { code: "CHAOS" },
  );
  let answer: string | undefined;
  void slow.run(() => "late").then((text) => (answer = text));
  await clock.advance(499);
  assert.equal(answer, undefined);
  await clock.advance(1);
  assert.equal(answer, "late");
  await chaos.stop();
  assert.equal(await broken.run(() => "well"), "well");
});
