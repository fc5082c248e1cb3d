// The second one is refused with who the first is; what an ended process left is taken over.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { createLog, type Entry } from "../../kernel/log.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Life, NamedProcess, ProcessTable } from "../parts/process-identity.ts";
import { type SingleOptions, singleInstance, type TakenBy } from "./single.ts";
import { supervisord, systemd } from "./supervisors.ts";

function rig(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-single-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = simClock(1_000);
  const lives = new Map<number, Life>();
  const logged: Entry[] = [];
  const log = createLog({
    level: "info",
    wall: clock.wall,
    write: (entry) => void logged.push(entry),
  });
  const processes = (pid: number, startTicks = 1): ProcessTable => ({
    self: { pid, startTicks, bootId: "boot", space: "host" },
    uptimeMs: clock.now,
    lifeOf: (one: NamedProcess) =>
      one.startTicks === startTicks ? (lives.get(one.pid) ?? "alive") : "gone",
  });
  const file = join(folder, "shop");
  const one = (pid: number, over: Partial<SingleOptions> = {}) =>
    singleInstance({ file, clock, log, ask: [], processes: processes(pid), ...over });
  return { folder, clock, lives, logged, processes, file, one };
}

async function refusal(asked: Promise<unknown>): Promise<HomeostatError> {
  const error = await asked.then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HomeostatError, String(error));
  return error;
}

test("the second is refused: which process runs, since when, and what to do", async (t) => {
  const { one } = rig(t);
  using first = await one(4_242);
  assert.equal(first.number, 1);
  const heard: HomeostatError[] = [];
  const error = await refusal(one(4_243, { onTaken: (taken) => void heard.push(taken) }));
  assert.deepEqual(heard, [error]);
  assert.match(error.message, /already running as process 4242 on \S+, since 2026-01-01T00:00:01/);
  assert.match(error.message, /end it first \(kill 4242\)/);
  const { pid, since } = error.details as TakenBy;
  assert.deepEqual(
    [error.code, pid, since],
    ["ALREADY_RUNNING", 4_242, "2026-01-01T00:00:01.000Z"],
  );
});

test("given back, ended, or its pid in use by another process: it is taken over", async (t) => {
  const { folder, lives, processes, one } = rig(t);
  const first = await one(1);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal((await one(2)).number, 2);
  lives.set(2, "gone");
  assert.equal((await one(3)).number, 3);
  const reused = await one(3, { processes: processes(3, 7) });
  assert.equal(reused.number, 4);
  assert.deepEqual(readdirSync(folder), ["shop.4"], "one file is all that stays");
});

test("a file that is no claim blocks nobody", async (t) => {
  const { file, one } = rig(t);
  writeFileSync(`${file}.1`, "123\n");
  writeFileSync(`${file}.2`, "x".repeat(10_000));
  assert.equal((await one(1)).number, 3);
});

test("one in another container counts for as long as it writes", async (t) => {
  const { clock, lives, logged, one } = rig(t);
  using first = await one(1);
  lives.set(1, "unseen");
  await clock.advance(120_000);
  assert.equal((await refusal(one(2))).code, "ALREADY_RUNNING");
  first[Symbol.dispose]();
  const silent = await one(3);
  assert.equal(silent.number, 2);
  lives.set(3, "gone");
  const next = await one(4);
  await clock.advance(10_000);
  assert.equal(next.number, 3);
  assert.match(logged.map(({ message }) => message).join(), /was taken by another process/);
});

test("a folder that cannot be written is named", async (t) => {
  const { folder, one } = rig(t);
  writeFileSync(join(folder, "plain"), "");
  const error = await refusal(one(1, { file: join(folder, "plain", "shop") }));
  assert.deepEqual(
    [error.code, error.message.includes("cannot be taken")],
    ["JOURNAL_UNUSABLE", true],
  );
  assert.equal((await refusal(one(1, { file: "" }))).code, "OPTION_INVALID");
});

const shown = "MainPID=77\nActiveState=active\nActiveEnterTimestamp=Thu 2026-01-01 00:00:00 UTC\n";
const running = "shop                 RUNNING   pid 78, uptime 0:01:02\n";

test("a unit that a supervisor runs in another process is refused, with the command that stops it", async (t) => {
  const { one } = rig(t);
  const asked: string[] = [];
  const run = async (file: string, args: readonly string[]) => {
    asked.push([file, ...args].join(" "));
    return file === "systemctl" ? shown : running;
  };
  const bySystemd = await refusal(one(1, { unit: "shop.service", ask: [systemd(run, () => [1])] }));
  assert.match(bySystemd.message, /as shop\.service of systemd, process 77, since Thu 2026/);
  assert.match(bySystemd.message, /stop it first \(systemctl stop shop\.service\)/);
  const bySupervisor = await refusal(one(1, { unit: "shop", ask: [supervisord(run, () => [1])] }));
  assert.match(
    bySupervisor.message,
    /as shop of supervisord, process 78: .*supervisorctl stop shop/,
  );
  assert.deepEqual(asked, [
    "systemctl show --property=ActiveState,MainPID,ActiveEnterTimestamp -- shop.service",
    "supervisorctl status shop",
  ]);
});

test("a unit does not refuse itself, nor one that is stopped, unknown, or without a supervisor", async () => {
  const says = (text: string) => async () => text;
  const none = () => [1];
  assert.equal(await systemd(says(shown), () => [5, 77])("shop"), undefined);
  assert.equal(await supervisord(says(running), () => [78])("shop"), undefined);
  const stopped = "MainPID=0\nActiveState=inactive\nActiveEnterTimestamp=\n";
  assert.equal(await systemd(says(stopped), none)("shop"), undefined);
  assert.equal(await supervisord(says("shop    STOPPED   Not started\n"), none)("shop"), undefined);
  assert.equal(await supervisord(says("shop: ERROR (no such process)\n"), none)("shop"), undefined);
  assert.equal(await systemd(says(""), none)("shop"), undefined);
});
