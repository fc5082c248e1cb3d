// Recoveries and the life of their process: one that ends it does not loop, none keeps it alive.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const events = new URL("../../src/runtime/events/", import.meta.url).href;
const features = new URL("../../src/runtime/features/", import.meta.url).href;

const imports = `
  import { createBus } from "${events}bus.ts";
  import { createRecovery } from "${events}recovery.ts";
  import { createStateFile } from "${events}state-file.ts";
  import { restartThisProcess } from "${events}ready-steps.ts";
  import { healMetric, watchMetric } from "${events}watch-metric.ts";
  import { above } from "${events}judge-metric.ts";
  import { createFeatures } from "${features}features.ts";
`;

async function live(
  script: string,
  limitMs: number,
): Promise<{ code: number | null; said: string }> {
  const args = ["--conditions=source", "--input-type=module", "-e", imports + script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const late = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const [code] = await once(child, "close");
  clearTimeout(late);
  return { code, said };
}

test("a metric that stays bad restarts its own process with patience, then never again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-restart-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = `
    const file = createStateFile(${JSON.stringify(join(folder, "state.json"))});
    const bus = createBus();
    const recovery = createRecovery({ bus, kept: file.section("recovery") });
    const die = async () => {
      await recovery.stop();
      process.exit(1);
    };
    const metric = { name: "memory", read: () => 99, judge: above(50), everyMs: 20, cooldownMs: 50 };
    const recipe = { name: "restart", steps: [restartThisProcess({ die })] };
    healMetric({ bus, kept: file.section("metric memory"), ...metric }, recovery, recipe, {
      ...{ endsProcess: true, cooldownMs: 50, verifyMs: 200, verifyEveryMs: 50, triesMax: 3 },
      backoff: { baseMs: 100, jitter: "none" },
    });
    bus.subscribe("**", ({ type, data }) => {
      if (type.endsWith(".recovery_failed")) console.log(data.afterRestart, data.attempt, data.error);
    });
    const up = setInterval(() => {
      if (recovery.list()[0]?.state !== "given-up") return;
      console.log("left to people");
      clearInterval(up);
      setTimeout(() => process.exit(0), 1_000);
    }, 50);
  `;
  const said: string[] = [];
  let lives = 0;
  for (;;) {
    const life = await live(script, 15_000);
    lives += 1;
    said.push(life.said);
    if (life.code !== 1 || lives > 5) break;
  }
  const why = "it did not help: the question was answered no, 200 ms after the last step";
  assert.deepEqual(said, [
    "",
    `true 1 ${why}\n`,
    `true 2 ${why}\n`,
    `true 3 ${why}\nleft to people\n`,
  ]);
});

test("nothing of it keeps the process alive", async () => {
  const script = `
    const bus = createBus();
    const recovery = createRecovery({ bus });
    recovery.register("a.failure", () => { throw new Error("no") }, { verify: () => false });
    bus.subscribe("a.failure.recovery_failed", () => console.log("failed"));
    bus.publish({ type: "a.failure", source: "x" });
    watchMetric({ bus, name: "m", read: () => 1, judge: above(2) });
    const features = createFeatures();
    features.register("f", { run: () => 1 });
    features.start();
  `;
  const from = performance.now();
  assert.deepEqual(await live(script, 20_000), { code: 0, said: "failed\n" });
  assert.ok(performance.now() - from < 15_000);
});
