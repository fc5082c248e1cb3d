// A process of the tests that shows its own figures once, and then has nothing to do.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createMetrics } from "../../../src/runtime/metrics/metrics.ts";
import { processMetrics } from "../../../src/runtime/metrics/process-metrics.ts";

const metrics = createMetrics();
processMetrics(metrics);
const requests = metrics.counter("http_requests", { help: 'Calls "by" \\ path\nand code' });
requests.with({ path: 'a"b\\c\nd', code: "200" }).add();
const took = metrics.histogram("http_request_duration", {
  help: "Time of a call",
  unit: "seconds",
});
for (let i = 0; i < 100; i++) took.with({ path: "/" }).observe(i / 10);

setFlagsFromString("--expose-gc");
runInNewContext("gc")();
await new Promise((resolve) => setTimeout(resolve, 100));
const until = Date.now() + 300;
while (Date.now() < until) {
  // The loop stands still.
}
await new Promise((resolve) => setTimeout(resolve, 100));
const format = process.argv[2] === "openmetrics" ? "openmetrics" : "prometheus";
process.stdout.write(await metrics.text(format));
