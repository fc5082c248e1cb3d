// The keeping of logs as a process of its own, for tests that kill it.

import { systemClock } from "../../../src/kernel/clock.ts";
import { createLog } from "../../../src/kernel/log.ts";
import { keepLogs } from "../../../src/platforms/log/keeper.ts";

const [folder = "", sizeBytes = "1000000", holeBytes = "1000000000"] = process.argv.slice(2);
const stopped = new AbortController();
process.once("SIGTERM", () => stopped.abort());

await keepLogs(
  {
    folder,
    clock: systemClock,
    log: createLog({
      level: "warn",
      wall: systemClock.wall,
      write: ({ message, fields }) =>
        process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
    }),
    keepingOf: () => ({
      ...{ sizeBytes: Number(sizeBytes), ageMs: 86_400_000, keep: 10_000 },
      total: { of: "all", bytes: 1e12 },
    }),
    totalBytes: 1e12,
    disk: () => ({ freeBytes: 1e12, fewBytes: 0 }),
    holeBytes: Number(holeBytes),
    lookMs: 20,
  },
  stopped.signal,
);
