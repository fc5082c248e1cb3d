// What a config may say about the recorded past: defaults, the off-switch, and what is told of wrong values.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import { judge } from "./load.ts";
import type { ResolvedSeries } from "./resolve-series.ts";

async function load(series: unknown): Promise<ResolvedSeries | undefined> {
  const config = {
    services: { web: { command: "sleep 5" } },
    ...(series === undefined ? {} : { series }),
  };
  const { PATH } = process.env;
  const folder = process.cwd();
  return (await judge(config, "homeostat.json", { folder, env: { PATH }, clock: simClock() }))
    .series;
}

const day = 86_400_000;

test("without a word two days of points and two years of hours are kept", async () => {
  const keepMs = {
    raw: 2 * day,
    "10s": 7 * day,
    "1m": 30 * day,
    "10m": 180 * day,
    "1h": 730 * day,
  };
  assert.deepEqual(await load(undefined), { max: 10_000, maxBytes: 512_000_000, keepMs });
  const own = await load({ keep: { raw: "6h", "1h": "10d" }, size: "2GiB", max: 500 });
  assert.deepEqual(own, {
    ...{ max: 500, maxBytes: 2 * 1_024 ** 3 },
    keepMs: { ...keepMs, raw: day / 4, "1h": 10 * day },
  });
  assert.equal(await load(false), undefined);
});

test("wrong values are told with their place", async () => {
  const bad: readonly (readonly [unknown, string, RegExp])[] = [
    [{ keep: { raw: "10m" } }, "series.keep.raw", /from 1h/],
    [{ keep: { "1m": "2 days" } }, "series.keep", /a duration such as "30d"/],
    [{ keep: { "5m": "1d" } }, "series.keep", /5m/],
    [{ size: "10" }, "series.size", /512MB/],
    [{ max: 0 }, "series.max", /from 10/],
    [true, "series", /false, or settings/],
  ];
  for (const [series, path, told] of bad) {
    await assert.rejects(load(series), (error: unknown) => {
      assert.ok(error instanceof HomeostatError && error.code === "CONFIG_INVALID", `${error}`);
      const text = JSON.stringify(error.details);
      assert.ok(text.includes(path), `${text} does not name ${path}`);
      assert.match(text.replaceAll("\\", ""), told);
      return true;
    });
  }
});
