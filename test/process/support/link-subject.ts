// A process with a link and nothing else that keeps it alive, for as long as it is told.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../../../src/kernel/clock.ts";
import { createLog, formatText } from "../../../src/kernel/log.ts";
import { createCaptures } from "../../../src/runtime/link/captures.ts";
import { createLink } from "../../../src/runtime/link/link.ts";
import { wellReport } from "../../support/link-daemon.ts";

const { values } = parseArgs({
  options: {
    socket: { type: "string", default: "" },
    /** Milliseconds of work. */
    works: { type: "string", default: "0" },
    /** Entries of 1 kB in its report. */
    big: { type: "string", default: "0" },
    busy: { type: "boolean", default: false },
    stops: { type: "boolean", default: false },
  },
});

const commands = Array.from({ length: Number(values.big) }, (_, i) => `${i}${"x".repeat(1_000)}`);
const log = createLog({
  level: "debug",
  wall: systemClock.wall,
  write: (entry) => process.stdout.write(formatText(entry)),
});
const capture = createCaptures({
  writeReport: (folder) => process.report.writeReport(join(folder, "report.json")),
  open: () => process.getActiveResourcesInfo().join("\n"),
});
const link = createLink({
  ...{ socket: values.socket, app: "subject", version: "0.1.0", log },
  report: () => wellReport({ commands }),
  orders: {
    capture,
    do: async (name) => {
      console.log(`doing ${name}`);
      await systemClock.sleep(300);
      console.log(`did ${name}`);
      return `did ${name}`;
    },
  },
});

function burnForTheProfile(untilMs: number): number {
  let sum = 0;
  while (performance.now() < untilMs) sum += Math.sqrt(sum + 1);
  return sum;
}

link.start();
for (let i = 0; i < 20_000; i++) {
  link.tell({
    ...{ id: String(i), type: "test.flood", source: "subject", severity: "info" },
    ...{ time: "2026-01-01T00:00:00.000Z", data: { text: "x".repeat(10) } },
  });
}
const until = performance.now() + Number(values.works);
while (performance.now() < until) {
  if (values.busy) burnForTheProfile(performance.now() + 20);
  await systemClock.sleep(10);
}
if (values.stops) await link.stop();
console.log("main is over");
