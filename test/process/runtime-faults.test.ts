// The faults of the articles that only show in whole processes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/kernel/clock.ts";
import { onlyOursHolds } from "../support/fault.ts";
import { lives } from "./support/lives.ts";
import { type RunningApp, startApp } from "./support/runtime-run.ts";

const face = (path: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../src/runtime/${path}`, import.meta.url)));

const child = `const start = () => spawn(process.execPath, ["-e", "setTimeout(() => {}, 20_000)"],
  { stdio: "ignore" });`;

test("fault: watchdog has no SIGTERM handling", { timeout: 40_000 }, async () => {
  // As the article's main(): terminate_all is called on KeyboardInterrupt, which is SIGINT only.
  const original = `import { spawn } from "node:child_process";
    ${child}
    const it = start();
    process.on("SIGINT", () => { it.kill("SIGTERM"); process.exit(0); });
    setInterval(() => {}, 5_000);
    console.log("child " + it.pid + " is up");`;
  const ours = `import { spawn } from "node:child_process";
    import { createLifecycle } from ${face("lifecycle/lifecycle.ts")};
    import { createWatchdog } from ${face("watchdog/watchdog.ts")};
    ${child}
    const life = createLifecycle();
    life.install();
    const watch = createWatchdog({ stopping: life, outer: false });
    let pid;
    watch.child("job", () => { const it = start(); pid = it.pid; return it; }, "restart");
    console.log("child " + pid + " is up");
    await life.sleep(60_000).catch(() => {});`;
  const run = (script: string) => () => startApp(["keeper"], { script });
  const shows = /outlives its watchdog, and nobody looks after it/;
  await onlyOursHolds<RunningApp>(
    { imitation: run(original), ours: run(ours), shows },
    async (app) => {
      await app.printed(" is up\n");
      const pid = Number(/child (\d+)/.exec(app.out)?.[1]);
      assert.ok(lives(pid));
      app.child.kill("SIGTERM");
      await app.ended();
      // What is told to end may take a moment, though ours waits for it.
      for (let look = 0; look < 25 && lives(pid); look++) await systemClock.sleep(20);
      const left = lives(pid);
      if (left) process.kill(pid, "SIGKILL");
      assert.equal(left, false, "it outlives its watchdog, and nobody looks after it");
    },
  );
});
