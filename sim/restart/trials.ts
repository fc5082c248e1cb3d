// Many seeds of restarts, summed up: `npm run sim -- --restart`.
import { atLeast, atMost, type Figure, shown } from "../../bench/table.ts";
import { playRestarts, type RestartTrial } from "./play.ts";

/** Each failure is told with its seed as it comes. */
export async function trialRestarts(options: {
  readonly first: number;
  readonly count: number;
  readonly hours: number;
}): Promise<readonly Figure[]> {
  const { first, count, hours } = options;
  const cpu = process.cpuUsage();
  const totals = { steps: 0, deaths: 0, broken: 0, exits: 0, starts: 0, giveUps: 0, retries: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const trial = await playRestarts({ seed, hours });
    if (trial.failure !== undefined) tell(trial, hours);
    totals.broken += trial.failure === undefined ? 0 : 1;
    totals.steps += trial.steps;
    totals.deaths += trial.deaths;
    for (const key of ["exits", "starts", "giveUps", "retries"] as const) {
      totals[key] += trial.counts[key];
    }
    if ((seed - first + 1) % 100 === 0) process.stderr.write(`${seed - first + 1} seeds\n`);
  }
  const { user, system } = process.cpuUsage(cpu);
  return [
    shown("seeds", count),
    shown("simulated hours of each", hours),
    shown("steps", totals.steps),
    shown(
      "steps per CPU second, replay included",
      Math.round((totals.steps * 1e6) / (user + system)),
    ),
    atLeast("ends of processes", totals.exits, 1),
    atLeast("starts", totals.starts, 1),
    atLeast("times that an instance was given up", totals.giveUps, 1),
    atLeast("tries of what was given up", totals.retries, 1),
    atLeast("deaths of the daemon", totals.deaths, 1),
    atMost("seeds with a broken rule", totals.broken, 0),
  ];
}

/** A failure is a bug report: the seed, and what led to it. */
export function tell({ seed, failure, events }: RestartTrial, hours: number): void {
  process.stderr.write(`seed ${seed} (restarts, ${hours} hours): ${failure}\n`);
  for (const { seq, atMs, type, subject, data } of events.slice(-20)) {
    const text = JSON.stringify(data).slice(0, 160);
    process.stderr.write(`  ${seq} ${atMs} ${type} ${subject} ${text}\n`);
  }
}
