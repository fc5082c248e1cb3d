// npm run torture -- --kills 100 --seed 1: kills the daemon at random instants; exit 1 on a miss.
// With --spawner: daemon and spawner, over 20 services that do nothing, for at most 60 s.
import { parseArgs } from "node:util";
import { atMost, type Figure, report, shown } from "../../bench/table.ts";
import { tortureSpawner } from "./spawner.ts";
import { torture } from "./torture.ts";
import { type Promised, promises } from "./trial.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    spawner: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  process.stderr.write(
    "usage: npm run torture -- [--kills COUNT] [--seed NUMBER] [--spawner] [--json]\n",
  );
  process.exit(78);
}

if (values.spawner) {
  const found = await tortureSpawner({ kills, seed, services: 20, limitMs: 60_000 });
  report(
    [
      shown("kills", found.kills),
      shown("  of these of the spawner", found.spawnerKills),
      shown("services that ended while no daemon was there", found.missed),
      shown("  of these known as they ended", found.known),
      shown("looks at all processes", found.looks),
      atMost("faults", found.faults.length, 0),
      shown("all running after the last kill, s", found.runningMs / 1_000),
      shown("took, s", found.tookMs / 1_000),
    ],
    { json: values.json },
  );
  for (const text of found.faults.slice(0, 20)) process.stderr.write(`seed ${seed}: ${text}\n`);
  process.exit(found.faults.length > 0 ? 1 : 0);
}

const say = (text: string): void => {
  if (!values.json) process.stderr.write(`${text}\n`);
};
const result = await torture({ kills, seed, say });
const named = Object.entries(promises) as readonly (readonly [Promised, string])[];
const figures: readonly Figure[] = [
  shown("kills of the daemon", result.kills),
  shown("  of these while it started", result.inBoot),
  shown("  of these while an action ran", result.inAction),
  shown("events in the journal", result.events),
  shown("events that a client was told", result.told),
  shown("actions", result.actions),
  shown("looks at all processes", result.looks),
  ...Object.entries(result.sick).map(([name, count]) => shown(`sicknesses: ${name}`, count)),
  ...named.map(([key, name]) => atMost(name, result.faults[key].length, 0)),
  shown("all healthy after the last kill, s", result.healthyMs / 1_000),
  shown("requests", result.requests),
  shown("safe requests lost", result.safeLost),
  shown("took, s", result.tookMs / 1_000),
];
report(figures, { json: values.json });
for (const [key, name] of named) {
  for (const text of result.faults[key].slice(0, 20)) {
    process.stderr.write(`seed ${seed}: ${name}: ${text}\n`);
  }
}
