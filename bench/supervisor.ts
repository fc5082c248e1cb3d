// npm run bench:supervisor -- [GROUP…] [--quick] [--json]: ours and other supervisors at the same work.
import { parseArgs } from "node:util";
import { deaths } from "./supervisor/death.ts";
import { downtime } from "./supervisor/downtime.ts";
import { flood } from "./supervisor/flood.ts";
import type { Group } from "./supervisor/group.ts";
import { hangs } from "./supervisor/hang.ts";
import { kills } from "./supervisor/kill.ts";
import { many } from "./supervisor/many.ts";
import { allPeers, findPeers } from "./supervisor/peers.ts";
import { loadAverage } from "./supervisor/processes.ts";
import { reloads } from "./supervisor/reload.ts";
import { createScratch } from "./supervisor/scratch.ts";
import {
  figuresOf,
  notInstalled,
  ours,
  print,
  type Row,
  shown,
  verdict,
} from "./supervisor/table.ts";
import { workers } from "./supervisor/workers.ts";

const groups: Readonly<Record<string, Group>> = {
  kill: kills,
  hang: hangs,
  downtime,
  workers,
  reload: reloads,
  many,
  death: deaths,
  flood,
};
const names = Object.keys(groups);
const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    /** Ours and the floor only. */
    alone: { type: "boolean", default: false },
  },
});
const { quick, json, alone } = values;
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`there is no group ${unknown.join(", ")}; groups: ${names.join(", ")}\n`);
  process.exit(78);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const peers = await findPeers(alone, say);
say(peers.text);
const scratch = await createScratch();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => void scratch.end().finally(() => process.exit(130)));
}
const rows: Row[] = [];
const loads: Row[] = [];
try {
  for (const name of names) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const [fromMs, load] = [performance.now(), loadAverage()];
    rows.push(...(await measured(name)));
    await scratch.clear();
    const text = `${name}: load average of the machine, before and after`;
    loads.push(shown(text, { [ours]: { median: load, p95: loadAverage() } }));
    say(`${name}: ${Math.round((performance.now() - fromMs) / 1_000)} s`);
  }
  rows.push(...peers.missing.map(({ name }) => shown(name, { [name]: notInstalled })));
} finally {
  const left = await scratch.end();
  say(`${left} processes had to be killed at the end; nothing is left of the run`);
}
const columns = [ours, ...allPeers.map(({ name }) => name)];
if (json) console.log(JSON.stringify({ figures: figuresOf([...rows, ...loads]) }));
else
  console.log([print(rows, columns), print(loads, [ours]), verdict(rows), peers.text].join("\n\n"));
if (rows.some(({ ok }) => ok === false)) process.exitCode = 1;

/** A group that breaks down is a goal that is missed, and the others go on. */
async function measured(name: string): Promise<readonly Row[]> {
  try {
    return (await groups[name]?.({ scratch, peers: peers.there, quick, say })) ?? [];
  } catch (error) {
    say(`${name}: ${error instanceof Error ? error.stack : error}`);
    return [{ figure: name, cells: { [ours]: "broke down" }, goal: "whole", ok: false }];
  }
}
