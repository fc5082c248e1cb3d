// `npm run sim`: seeded worlds drive the loop; every invariant is checked after every step.
// With --restart: `npm run sim -- --restart [--seeds 1000] [--from 1] [--hours 24]`.
import { parseArgs } from "node:util";
import { atLeast, atMost, report, shown } from "../bench/table.ts";
import { type Played, play } from "./play.ts";
import { trialRestarts } from "./restart/trials.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    days: { type: "string", default: "0.1" },
    hours: { type: "string", default: "24" },
    restart: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const first = Number(values.from);
const { json, restart } = values;
if (restart) {
  const [count, hours] = [Number(values.seeds ?? 1_000), Number(values.hours)];
  report(await trialRestarts({ first, count, hours }), { json });
  process.exit();
}
const seeds = Array.from({ length: Number(values.seeds ?? 8) }, (_, i) => first + i);
const days = Number(values.days);

function run(healthy: boolean): readonly Played[] {
  return seeds.map((seed) => {
    const played = play({ seed, days, healthy });
    if (played.failure !== undefined) tell(played, healthy);
    return played;
  });
}

/** A failure is a bug report: the seed, and what led to it. */
function tell({ seed, failure, events }: Played, healthy: boolean): void {
  const kind = healthy ? "healthy" : "sick";
  process.stderr.write(`seed ${seed} (${kind}, ${days} days): ${failure}\n`);
  for (const { seq, atMs, type, subject, data } of events.slice(-20)) {
    process.stderr.write(
      `  ${seq} ${atMs} ${type} ${subject} ${JSON.stringify(data).slice(0, 160)}\n`,
    );
  }
}

const sum = (all: readonly Played[], of: (one: Played) => number): number =>
  all.reduce((total, one) => total + of(one), 0);
const count = (all: readonly Played[], type: string): number =>
  sum(all, (one) => one.events.filter((event) => event.type === type).length);

const cpu = process.cpuUsage();
const sick = run(false);
const healthy = run(true);
const used = process.cpuUsage(cpu);
const all = [...sick, ...healthy];
const steps = sum(all, (one) => one.steps);
const troubles = sum(sick, (one) => Object.values(one.struck).reduce((a, b) => a + b, 0));

report(
  [
    shown("seeds of each kind", seeds.length),
    shown("simulated days of each", days),
    shown("steps", steps),
    shown("steps per CPU second", Math.round((steps * 1e6) / (used.user + used.system))),
    atLeast("troubles that befell the sick worlds", troubles, 1),
    shown("incidents", count(sick, "incident.opened")),
    shown("actions", count(sick, "action.intended")),
    shown("refusals and waits", count(sick, "guard.refused") + count(sick, "guard.waits")),
    shown("incidents handed to people", count(sick, "incident.escalated")),
    atMost("seeds with a broken invariant", all.filter((one) => one.failure).length, 0),
    atMost("actions in healthy worlds", count(healthy, "action.intended"), 0),
  ],
  { json },
);
