// The file of the series: kept within its age and size, and never the end of a daemon.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { HomeostatError } from "../../src/kernel/errors.ts";
import { below } from "../../src/kernel/random.ts";
import { metrics, reading } from "../../src/model/reading.ts";
import { usualKeepMs } from "../../src/stores/series/retention.ts";
import type { SeriesStore } from "../../src/stores/series/series-store.ts";
import { sqliteSeries } from "../../src/stores/series/sqlite-series.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { simClock } from "../../src/testing/sim-clock.ts";
import { keepSeries } from "../../src/wiring/series.ts";
import { firstMs, pointOf, writtenSeries } from "./support/series-points.ts";

let folder: string;

const file = (): string => join(folder, "series.db");
const open = (more: object = {}): SeriesStore =>
  sqliteSeries({ folder, project: "shop", nowMs: firstMs, ...more });

function fill(store: SeriesStore, seconds: number, count = 10): readonly number[] {
  const ids = writtenSeries.slice(0, count).map((series) => store.idOf(series) ?? 0);
  for (let second = 0; second < seconds; second++) {
    const atMs = firstMs + second * 1_000;
    for (const [n, id] of ids.entries()) store.append(id, atMs, pointOf(n, second));
    store.beat(atMs);
  }
  return ids;
}

interface Said {
  readonly level: string;
  readonly message: string;
}

function keeperIn(where: string, max = 10_000) {
  const clock = simClock();
  const stopped = new AbortController();
  const said: Said[] = [];
  const tell = (level: string) => (message: string) => void said.push({ level, message });
  const log = {
    debug: tell("debug"),
    info: tell("info"),
    warn: tell("warn"),
    error: tell("error"),
  };
  const keeper = keepSeries({
    series: { max, maxBytes: 1e8, keepMs: usualKeepMs },
    ...{ stateFolder: where, project: "shop", clock, stopped: stopped.signal },
    log: { ...log, child: () => ({ ...log, child: () => log as never }) },
  });
  const second = async (targets: number): Promise<void> => {
    const all = Array.from({ length: targets }, (_, n) =>
      reading(`web/${n}`, metrics.cpu, n / 7, clock.now()),
    );
    keeper.note(all);
    await clock.advance(1_000);
    keeper.beat();
  };
  return { keeper, second, said, stop: () => stopped.abort() };
}

describe("the file of the series", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-series-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("what is older than it is kept goes, resolution by resolution", () => {
    const seconds = 4 * 3_600;
    const store = open({ keepMs: { ...usualKeepMs, raw: 3_600_000 } });
    const [id = 0] = fill(store, seconds, 4);
    const nowMs = firstMs + seconds * 1_000;
    const { at } = store.read(id, firstMs, nowMs, "raw");
    const oldestMs = nowMs - (at[0] ?? 0);
    assert.ok(oldestMs >= 3_600_000 && oldestMs < 3_600_000 + 240_000, `${oldestMs} ms`);
    assert.equal(store.read(id, firstMs, nowMs, "10s").at.length, seconds / 10);
    assert.equal(
      store.read(id, firstMs, nowMs, "1h").count.reduce((sum, it) => sum + it, 0),
      seconds,
    );
    store.close();
  });

  test("the file stays within its size, and the oldest points go first", () => {
    const maxBytes = 1_500_000;
    const store = open({ maxBytes });
    const seconds = 3 * 3_600;
    const ids = fill(store, seconds, 70);
    const nowMs = firstMs + seconds * 1_000;
    assert.ok(store.stats().bytes <= maxBytes * 1.1, `${store.stats().bytes} bytes`);
    const id = ids[2] ?? 0;
    const { at } = store.read(id, firstMs, nowMs, "raw");
    assert.ok((at[0] ?? 0) > firstMs && at.length > 1_800, `${at.length} points are left`);
    assert.equal(at.at(-1), nowMs - 1_000);
    assert.equal(store.read(id, firstMs, nowMs, "1m").at.length, seconds / 60);
    store.close();
    assert.ok(statSync(file()).size <= maxBytes * 1.3, `${statSync(file()).size} bytes`);
  });

  test("a series of which nothing came for long makes room for a new one, and numbers are not used again", () => {
    const store = open({ max: 3, keepMs: { ...usualKeepMs, raw: 3_600_000 } });
    const ids = fill(store, 2, 3);
    const newer = writtenSeries[5] ?? { target: "", metric: "", unit: "ms" };
    assert.equal(store.idOf(newer), undefined);
    store.beat(firstMs + 4 * 3_600_000);
    const id = store.idOf(newer);
    assert.ok(id !== undefined && !ids.includes(id), `${id}`);
    store.close();
    const again = open({ max: 3 });
    assert.equal(again.idOf(newer), id);
    again.close();
  });

  test("a late point finds its place while its time is open, also in the file; then it is counted", () => {
    const store = open();
    const [id = 0] = fill(store, 300, 1);
    const nowMs = firstMs + 299_000;
    // 29.5 seconds late, 20.5, and five minutes.
    store.append(id, nowMs - 29_500, 77);
    store.append(id, nowMs - 20_500, 66);
    store.append(id, firstMs + 500, 88);
    for (let second = 1; second <= 11; second++) store.beat(nowMs + second * 1_000);
    assert.equal(store.stats().losses.late, 1);
    // As whoever comes after a kill sees it.
    const after = open({ readOnly: true, nowMs: nowMs + 11_000 });
    for (const it of [store, after]) {
      const { last } = it.read(id, nowMs - 31_000, nowMs - 27_500, "raw");
      assert.deepEqual(last, [
        pointOf(0, 268),
        pointOf(0, 269),
        77,
        pointOf(0, 270),
        pointOf(0, 271),
      ]);
      const newer = it.read(id, nowMs - 21_000, nowMs - 19_500, "raw");
      assert.deepEqual(newer.last, [pointOf(0, 278), 66, pointOf(0, 279)]);
      it.close();
    }
  });

  test("a damaged byte is told, or what is read is right", () => {
    const store = open();
    fill(store, 600, 70);
    store.close();
    const whole = readFileSync(file());
    const random = seeded(3);
    let told = 0;
    for (let round = 0; round < 24; round++) {
      const bytes = Buffer.from(whole);
      const at = below(random, bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
      writeFileSync(file(), bytes);
      try {
        const looked = open({ readOnly: true });
        for (const { id, target } of looked.list(({ target }) => target.endsWith("5"))) {
          const n = Number(target.slice(4));
          const found = looked.read(id, firstMs, firstMs + 600_000, "raw");
          const seconds = found.at.map((atMs) => (atMs - firstMs) / 1_000);
          assert.deepEqual(
            found.last,
            seconds.map((second) => pointOf(n, second)),
            `byte ${at}`,
          );
        }
        told += looked.stats().damaged > 0 ? 1 : 0;
        looked.close();
      } catch (error) {
        if (!(error instanceof HomeostatError)) throw error;
        told += 1;
      }
    }
    assert.ok(told >= 8, `${told} of 24 were told`);
  });

  test("a file that cannot be read stands aside, and a fresh one is begun", async () => {
    writeFileSync(file(), "this is no database, and never was one");
    const { keeper, second, said, stop } = keeperIn(folder);
    for (let n = 0; n < 15; n++) await second(3);
    assert.equal(keeper.stats()?.series, 3);
    assert.ok((keeper.stats()?.points ?? 0) >= 40);
    stop();
    const [aside = ""] = readdirSync(folder).filter((name) => name.includes(".bad-"));
    assert.match(readFileSync(join(folder, aside), "utf8"), /no database/);
    assert.deepEqual(
      said.map(({ level }) => level),
      ["error"],
    );
    assert.match(said[0]?.message ?? "", /cannot be read: a new file is begun/);
    assert.equal(open({ readOnly: true }).list().length, 3);
  });

  test("a folder that cannot be written to costs the past, and is told once", async () => {
    const { keeper, second, said } = keeperIn(join(folder, "absent"));
    for (let n = 0; n < 150; n++) await second(2);
    assert.equal(keeper.stats(), undefined);
    assert.equal(said.length, 1, JSON.stringify(said));
    assert.match(said[0]?.message ?? "", /not written now/);
  });

  test("more series than there may be: told once, with what to change", async () => {
    const { keeper, second, said, stop } = keeperIn(folder, 10);
    for (let n = 0; n < 70; n++) await second(12);
    assert.equal(keeper.stats()?.series, 10);
    assert.ok((keeper.stats()?.losses.refused ?? 0) >= 2 * 69);
    assert.deepEqual(
      said.map(({ level }) => level),
      ["warn"],
    );
    assert.match(said[0]?.message ?? "", /no room for more series: 10 .*series\.max/);
    stop();
  });
});
