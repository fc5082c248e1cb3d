// Reading /proc lines that are meant to mislead, and the processes that are certainly there.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseAuxv,
  parseStat,
  readBootId,
  readCommand,
  readEnvironment,
  readMachine,
  readProcesses,
  readStat,
  runs,
} from "./procfs.ts";

const tail =
  "5420 5414 2598 0 -1 4194304 135 0 1 0 7 3 0 0 20 0 4 0 142495 2990080 431 18446744073709551615";

test("a name with spaces and parentheses does not move the fields", () => {
  assert.deepEqual(parseStat(`5421 (a) S 1 (b c)) R ${tail}\n`), {
    pid: 5421,
    comm: "a) S 1 (b c)",
    state: "R",
    ppid: 5420,
    group: 5414,
    cpuTicks: 10,
    threads: 4,
    startTicks: 142495,
    rssPages: 431,
  });
});

test("what is not a stat line is no process", () => {
  for (const text of ["", "5421", "5421 (sleep)", "5421 (sleep) R", "x (sleep) R 1 2 3"]) {
    assert.equal(parseStat(text), undefined, JSON.stringify(text));
  }
});

test("a zombie runs no more, unless only its first thread has ended", () => {
  const of = (state: string, threads: number): boolean => {
    const stat = parseStat(`5421 (a) ${state} ${tail}`);
    assert.ok(stat);
    return runs({ ...stat, threads });
  };
  assert.equal(of("Z", 1), false);
  assert.equal(of("Z", 3), true);
  assert.equal(of("X", 0), false);
  for (const state of ["R", "S", "D", "T", "t", "I"]) assert.equal(of(state, 1), true, state);
});

test("this process is found, with its own words and environment", () => {
  const stat = readStat(process.pid);
  assert.equal(stat?.pid, process.pid);
  assert.equal(stat?.ppid, process.ppid);
  assert.ok(readProcesses().some((each) => each.pid === process.pid));
  assert.ok(readCommand(process.pid).length > 0);
  assert.equal(readEnvironment(process.pid)?.PATH, process.env.PATH);
});

test("a pid that cannot exist is nobody", () => {
  const pid = 2 ** 22 + 1;
  assert.equal(readStat(pid), undefined);
  assert.equal(readEnvironment(pid), undefined);
  assert.deepEqual(readCommand(pid), []);
});

test("the boot id is a UUID and page size and ticks are those of this machine", () => {
  assert.match(readBootId(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const { pageBytes, ticksPerSecond } = readMachine();
  assert.ok([4_096, 16_384, 65_536].includes(pageBytes), String(pageBytes));
  assert.equal(ticksPerSecond, 100);
});

test("without an auxiliary vector the common values are taken", () => {
  assert.deepEqual(parseAuxv(Buffer.alloc(0)), { pageBytes: 4_096, ticksPerSecond: 100 });
});
