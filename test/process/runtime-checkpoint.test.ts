// A process that saves its state all the time is killed at any moment: a whole and recent one is restored.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventually } from "../../src/testing/waiting.ts";

const appFile = join(import.meta.dirname, "support", "checkpoint-app.ts");
const kills = 11;

test("killed at random points of its writing, the next process has the last state that was saved", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-checkpoint-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const random = seeded(20_261_121);
  let saved = 0;
  let drafts = 0;
  const lost: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const args = ["--conditions=source", appFile, folder];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "close");
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    try {
      await eventually("it restores and saves", () => said.includes("saved"));
      await systemClock.sleep(random() * 60);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    const [entries, isWhole] = JSON.parse(/restored (.*)\n/.exec(said)?.[1] ?? "[]");
    assert.equal(isWhole, true, `kill ${kill}`);
    // What was written but not yet said to be may be there too.
    assert.ok(entries >= saved && entries <= saved + 1, `kill ${kill}: ${entries}, not ${saved}`);
    saved = Number([...said.matchAll(/^saved (\d+)\n/gm)].at(-1)?.[1]);
    const files = readdirSync(folder).sort();
    drafts += files.filter((name) => name.endsWith(".new")).length;
    assert.ok(files.filter((name) => /\.\d{12}$/.test(name)).length <= 6, files.join(", "));
    const aside = files.filter((name) => /damaged|refused/.test(name));
    assert.deepEqual(aside, lost, "only what was damaged is set aside");
    if (kill % 5 < 4) continue;
    // A disk that lost the end of the newest file: the one before it is as good.
    const newest = files.filter((name) => /\.\d{12}$/.test(name)).at(-1) ?? "";
    truncateSync(join(folder, newest), 200);
    lost.push(`${newest}.damaged`);
    saved -= 1;
  }
  t.diagnostic(`${kills} kills, ${saved} states saved, ${drafts} kills amid a file`);
});
