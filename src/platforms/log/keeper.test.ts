// The keeping of logs with the slow way (no process, no hole): sizes, ages, bounds, and other hands.
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createLog } from "../../kernel/log.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { archivesOf } from "./archives.ts";
import { createKeeper, type KeeperOptions } from "./keeper.ts";
import { stateOf } from "./read.ts";
import { readMarks } from "./times.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface World {
  readonly folder: string;
  readonly path: string;
  readonly clock: SimClock;
  readonly told: string[];
  /** So many seconds pass, with a look in each. */
  pass(seconds: number): Promise<void>;
  add(text: string): void;
  /** All that is in archives and the file, in order. */
  content(): string;
}

async function world(over: Partial<KeeperOptions> = {}, text = ""): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-keeper-"));
  folders.push(folder);
  const path = join(folder, "web-1.log");
  writeFileSync(path, text);
  const clock = simClock();
  const told: string[] = [];
  const options: KeeperOptions = {
    ...{ folder, clock, totalBytes: 1e9 },
    log: createLog({ level: "info", wall: clock.wall, write: ({ message }) => told.push(message) }),
    keepingOf: (name) => ({
      ...{ sizeBytes: 1_000, ageMs: 3_600_000, keep: 3 },
      total: { of: name, bytes: 1e9 },
    }),
    disk: () => ({ freeBytes: 1e12, fewBytes: 1 }),
    ...over,
  };
  const keeper = createKeeper(options, { punch: false, collapse: false });
  await keeper.finish();
  const signal = new AbortController().signal;
  return {
    ...{ folder, path, clock, told },
    pass: async (seconds) => {
      for (let i = 0; i < seconds; i++) {
        await clock.advance(1_000);
        keeper.look();
        const working = keeper.work(signal);
        await clock.advance(0);
        await working;
      }
    },
    add: (more) => appendFileSync(path, more),
    content: () => {
      const old = archivesOf(path).map((it) => gunzipSync(readFileSync(it.path)).toString());
      return old.join("") + readFileSync(path, "utf8");
    },
  };
}

const line = (i: number): string => `line ${String(i).padStart(6, "0")}\n`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join("");

test("a log that is large enough is rotated, and nothing of it is lost", async () => {
  const it = await world();
  it.add(lines(0, 50));
  await it.pass(1);
  assert.equal(archivesOf(it.path).length, 0);
  it.add(lines(50, 120));
  await it.pass(1);
  assert.ok(archivesOf(it.path).length > 0);
  it.add(lines(120, 150));
  await it.pass(1);
  assert.equal(it.content(), lines(0, 150));
  const state = stateOf(it.path);
  assert.equal(state?.end, 150 * line(0).length);
});

test("a log whose oldest line is old is rotated though it is small", async () => {
  const it = await world();
  it.add("a\n");
  await it.pass(2);
  await it.clock.advance(3_500_000);
  await it.pass(1);
  assert.equal(archivesOf(it.path).length, 0);
  await it.clock.advance(120_000);
  await it.pass(61);
  assert.equal(archivesOf(it.path).length, 1);
  assert.equal(it.content(), "a\n");
});

test("no more archives are kept than were asked for, and the newest stay", async () => {
  const it = await world();
  for (let i = 0; i < 10; i++) {
    it.add(lines(i * 100, i * 100 + 100));
    await it.pass(1);
  }
  assert.equal(archivesOf(it.path).length, 3);
  assert.ok(it.content().endsWith(lines(900, 1_000)));
});

test("a full disk costs archives, then it is told, once", async () => {
  let [freeBytes, full] = [1e12, false];
  const it = await world({
    disk: () => ({ freeBytes, fewBytes: 100 }),
    onFull: (is) => {
      full = is;
    },
  });
  it.add(lines(0, 100));
  await it.pass(11);
  freeBytes = 10;
  await it.pass(25);
  assert.deepEqual([archivesOf(it.path).length, full], [0, true]);
  assert.deepEqual(it.told, [
    "the disk is nearly full: old archives of logs are removed",
    "the disk is nearly full, and no archive of a log is left",
  ]);
  freeBytes = 1e12;
  await it.pass(11);
  assert.equal(full, false);
});

test("a file that another hand emptied or replaced goes on where it was", async () => {
  const it = await world();
  it.add(lines(0, 20));
  await it.pass(1);
  truncateSync(it.path, 0);
  await it.pass(1);
  it.add("anew\n");
  await it.pass(1);
  const { base = 0, end = 0 } = stateOf(it.path) ?? {};
  assert.deepEqual([base, end], [20 * line(0).length, 20 * line(0).length + 5]);
  rmSync(it.path);
  await it.pass(1);
  writeFileSync(it.path, "another\n");
  await it.pass(1);
  assert.equal(stateOf(it.path)?.end, end + 8);
});

test("the times of lines are noted: at a beginning, while it goes on, and at an end", async () => {
  const it = await world();
  await it.pass(10);
  it.add("a\n");
  await it.pass(1);
  assert.equal(readMarks(it.path).length, 1);
  for (let i = 0; i < 12; i++) {
    it.add("b\n");
    await it.pass(1);
  }
  await it.pass(3);
  const marks = readMarks(it.path);
  assert.ok(marks.length >= 4 && marks.length <= 5, `${marks.length}`);
  assert.equal(marks.at(-1)?.offset, 26);
  await it.pass(60);
  assert.equal(readMarks(it.path).length, marks.length);
});

test("what cannot be rotated is told once, and tried again later", async () => {
  const it = await world({}, lines(0, 100));
  // In the place of the archive that is being written stands a folder.
  const aside = `${it.path}.rotating`;
  rmSync(aside, { force: true });
  mkdirSync(join(aside, "x"), { recursive: true });
  await it.pass(20);
  assert.deepEqual(it.told, ["the logs are not looked after"]);
  rmSync(aside, { recursive: true });
  await it.pass(20);
  assert.deepEqual(it.told, ["the logs are not looked after", "the logs are looked after again"]);
  assert.equal(it.content(), lines(0, 100));
  assert.ok(readdirSync(it.folder).every((name) => !name.endsWith(".rotating")));
});
