// npm run bench:supervisor -- [GROUP…] [--quick] [--json]: ours and other supervisors at the same work.
import { parseArgs } from "node:util";
import { deaths } from "./supervisor/death.ts";
import type { Group } from "./supervisor/group.ts";
import { hangs } from "./supervisor/hang.ts";
import { kills } from "./supervisor/kill.ts";
import { bareLoop } from "./supervisor/loop.ts";
import { many } from "./supervisor/many.ts";
import { loadAverage } from "./supervisor/processes.ts";
import { reloads } from "./supervisor/reload.ts";
import { createScratch } from "./supervisor/scratch.ts";
import { figuresOf, print, type Row } from "./supervisor/table.ts";
import { workers } from "./supervisor/workers.ts";

const groups: Readonly<Record<string, Group>> = { kill: kills, hang: hangs, workers, reload: reloads, many, death: deaths };
const names = Object.keys(groups);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`there is no group ${unknown.join(", ")}; groups: ${names.join(", ")}\n`);
  process.exit(78);
}
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const scratch = await createScratch();
const peers = [bareLoop];
const rows: Row[] = [];
try {
  for (const [name, group] of Object.entries(groups)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const [fromMs, load] = [performance.now(), loadAverage()];
    rows.push(...(await group({ scratch, peers, quick: values.quick, say })));
    say(`${name}: ${Math.round((performance.now() - fromMs) / 1_000)} s, load ${load} → ${loadAverage()}`);
  }
} finally {
  await scratch.end();
}
console.log(values.json ? JSON.stringify({ figures: figuresOf(rows) }) : print(rows, ["homeostat", ...peers.map(({ name }) => name)]));
