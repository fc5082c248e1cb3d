// A daemon that is killed at any moment loses the last seconds of its series and nothing else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { below } from "../../src/kernel/random.ts";
import { sqliteSeries } from "../../src/stores/series/sqlite-series.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { firstMs, pointOf, writtenSeries } from "./support/series-points.ts";

const writer = fileURLToPath(new URL("./support/series-writer.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "homeostat-series-"));
after(() => rmSync(folder, { recursive: true }));

/** Ten seconds until what is in memory is in the file, and the one that was being written. */
const lostMax = 11;

/** Writes from a second on until it is killed; the last second that it said was done. */
async function killed(from: number, afterMs: number): Promise<number> {
  const args = [
    ...process.execArgv.filter((it) => !it.startsWith("--test")),
    writer,
    folder,
    `${from}`,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-200);
  });
  await once(child.stdout, "data");
  await sleep(afterMs);
  child.kill("SIGKILL");
  await once(child, "close");
  return Number(said.trimEnd().split("\n").at(-1));
}

test("kill -9 at random moments: nothing corrupt, at most the last seconds lost", async (t) => {
  const random = seeded(11);
  const stretches: (readonly [from: number, said: number])[] = [];
  let from = 0;
  let worst = 0;
  for (let round = 0; round < 6; round++) {
    const said = await killed(from, below(random, 250));
    stretches.push([from, said]);
    from = said + 20;
    const store = sqliteSeries({
      folder,
      project: "shop",
      nowMs: firstMs + said * 1_000,
      readOnly: true,
    });
    for (const [n, series] of writtenSeries.entries()) {
      const id = store.idOf(series) ?? 0;
      for (const [first, last] of stretches) {
        const found = store.read(id, firstMs + first * 1_000, firstMs + (last + 20) * 1_000, "raw");
        const seconds = found.at.map((atMs) => (atMs - firstMs) / 1_000);
        assert.deepEqual(
          seconds,
          Array.from(seconds, (_, i) => first + i),
          "without a gap",
        );
        assert.deepEqual(
          found.last,
          seconds.map((second) => pointOf(n, second)),
        );
        worst = Math.max(worst, last - (seconds.at(-1) ?? first - 1));
      }
    }
    assert.equal(store.stats().damaged, 0);
    store.close();
  }
  t.diagnostic(`${from} seconds written, at most ${worst} of each stretch lost`);
  assert.ok(worst <= lostMax, `${worst} seconds were lost`);
});
