// The tour as a stranger plays it: every sickness answered rightly, and its journal replayed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..", "..");
const shop = join(root, "examples", "shop");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function runNode(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=source", ...args], { cwd: root });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

interface Score {
  readonly name: string;
  readonly wrong: readonly string[];
  readonly lostIdempotent: number;
  readonly falseIncidents: number;
}

test("npm start -- --once heals every sickness rightly, and its journal replays byte for byte", {
  timeout: 170_000,
}, async () => {
  const tour = await runNode(["scripts/start.ts", "--once", "--json"]);
  assert.equal(tour.code, 0, `${tour.err}\n${tour.out}`);
  const { scores } = JSON.parse(tour.out) as { readonly scores: readonly Score[] };
  assert.equal(scores.length, 5);
  for (const { name, wrong, lostIdempotent, falseIncidents } of scores) {
    assert.deepEqual(
      { name, wrong, lostIdempotent, falseIncidents },
      {
        name,
        wrong: [],
        lostIdempotent: 0,
        falseIncidents: 0,
      },
    );
  }
  const replay = await runNode(["src/cli/main.ts", "--folder", shop, "--json", "replay"]);
  assert.equal(replay.code, 0, `${replay.err}\n${replay.out}`);
  const { same, decisions } = JSON.parse(replay.out) as { same: boolean; decisions: number };
  assert.equal(same, true);
  assert.ok(decisions > 50, `${decisions} decisions`);
});
