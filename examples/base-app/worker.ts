// Counts, and tells. "fail" makes it throw, as a bug would.
import { parentPort } from "node:worker_threads";

let count = 0;
setInterval(() => {
  count += 1;
  parentPort?.postMessage(count);
  if (process.env.COUNTER_FAILS_AT === String(count)) throw new Error("the counter is broken");
}, 100);
