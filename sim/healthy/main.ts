// npm run healthy -- --minutes 10: healthy load with restarts and pauses; exit 1 on any action.
import { parseArgs } from "node:util";
import { atLeast, atMost, report, shown } from "../../bench/table.ts";
import { healthy } from "./healthy.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write("usage: npm run healthy -- [--minutes NUMBER] [--seed NUMBER] [--json]\n");
  process.exit(78);
}

const say = (text: string): void => {
  if (!values.json) process.stderr.write(`${text}\n`);
};
const { events, refused, actions, symptoms, load } = await healthy({ minutes, seed, say });
report(
  [
    shown("minutes of load", minutes),
    ...Object.entries(events).map(([name, count]) => shown(name, count)),
    atMost("orders of people not carried out", refused.length, 0),
    atMost("actions by the loop", actions.length, 0),
    atMost("symptoms raised", symptoms.length, 0),
    atLeast("requests", load.sent, 1),
    atMost("safe requests lost", load.lostIdempotent, 0),
    atMost("POSTs lost", load.lostUnsafe, 0),
    shown("slower than 1 s", load.slow),
    shown("latency p50, ms", load.latency.p50),
    shown("latency p99, ms", load.latency.p99),
    shown("latency max, ms", load.latency.max),
  ],
  { json: values.json },
);
for (const text of [...refused, ...actions, ...symptoms])
  process.stderr.write(`seed ${seed}: ${text}\n`);
if (load.lostIdempotent + load.lostUnsafe > 0) {
  process.stderr.write(`seed ${seed}: lost: ${JSON.stringify(load.errors)}\n`);
}
