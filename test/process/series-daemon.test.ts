// The past of the series as people see it: recorded by a real daemon, shown and tuned from the command line.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createProject, type Project } from "./support/project.ts";

interface Shown {
  readonly target: string;
  readonly metric: string;
  readonly resolution: string;
  readonly at: readonly number[];
  readonly last: readonly number[];
}

async function shown(project: Project): Promise<readonly Shown[]> {
  const { code, out } = await project.cli(
    "history",
    "web",
    "rss",
    "--since",
    "10m",
    "--step",
    "raw",
    "--json",
  );
  return code === 0 ? (JSON.parse(out) as readonly Shown[]) : [];
}

test("a daemon records what it measures; history and tune show it, also when it is gone", async () => {
  const web = { command: ["sleep", "600"], replicas: 2, limits: { cpu: 0.5 } };
  const project = await createProject(() => ({ services: { web } }));
  try {
    await project.up();
    await project.healthy();
    for (let tries = 0; tries < 60 && (await shown(project)).length < 2; tries++) await sleep(250);
    const early = await shown(project);
    assert.deepEqual(
      early.map(({ target, metric }) => [target, metric]),
      [
        ["web/1", "process.rss"],
        ["web/2", "process.rss"],
      ],
    );
    assert.equal((await project.cli("down")).code, 0);
    const [first] = await shown(project);
    assert.ok((first?.at.length ?? 0) >= (early[0]?.at.length ?? 0));
    assert.ok(first?.last.every((bytes) => bytes > 100_000));
    const nowMs = Date.now();
    assert.ok(first?.at.every((atMs) => atMs > nowMs - 120_000 && atMs <= nowMs));

    const chart = await project.cli("history", "web/1", "rss", "--since", "2m");
    assert.match(chart.out, /^web\/1 process\.rss {2}min .* MiB/);
    assert.match(chart.out, /[⠁-⣿]/);
    const wrong = await project.cli("history", "web", "rsz");
    assert.equal(wrong.code, 75);
    assert.match(wrong.err, /such as "process\.rss"|process\.rss, /);
    assert.equal((await project.cli("history", "web", "--since", "x")).code, 78);
    const tuned = await project.cli("tune", "web", "--json");
    assert.equal(tuned.code, 0, tuned.err);
    const trials = JSON.parse(tuned.out) as readonly {
      readonly metric: string;
      readonly by: string;
    }[];
    assert.ok(trials.some(({ metric, by }) => metric === "process.rss" && by === "limit"));
    assert.match((await project.cli("tune", "web")).out, /too short to suggest a limit: 1 d/);
    assert.equal((await project.cli("tune", "wob")).code, 75);
  } finally {
    await project.remove();
  }
});

test("what is switched off is not recorded, and history says so", async () => {
  const web = { command: ["sleep", "600"] };
  const project = await createProject(() => ({ services: { web }, series: false }));
  try {
    await project.up();
    await project.healthy();
    await sleep(1_500);
    assert.equal(existsSync(join(project.state, "series.db")), false);
    const { code, err } = await project.cli("history", "web");
    assert.equal(code, 75);
    assert.match(err, /no past of any series is recorded/);
  } finally {
    await project.remove();
  }
});
