// What telling a metric something costs, beside prom-client, and what a scrape of 1,000 series takes.
import { Counter as PromCounter, Registry as PromRegistry } from "prom-client";
import { createMetrics } from "../../src/runtime/metrics/metrics.ts";
import { atMost, type Figure, shown } from "../table.ts";

const tells = 5_000_000;
const rounds = 7;

/** CPU nanoseconds a call; the median of several rounds, the first of which warms up. */
function nanoseconds(call: (i: number) => void, calls: number): number {
  const costs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) call(i);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) costs.push(((user + system) * 1_000) / calls);
  }
  return costs.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
}

/** A registry with 1,000 series: 500 counters with labels and 500 gauges. */
function thousand(): ReturnType<typeof createMetrics> {
  const metrics = createMetrics();
  const requests = metrics.counter("requests", { help: "Requests" });
  const depth = metrics.gauge("depth", { help: "Depth" });
  for (let i = 0; i < 500; i++) {
    requests.with({ route: `/orders/${i}`, method: "GET", code: "200" }).add(i);
    depth.with({ queue: `queue-${i}` }).set(i / 7);
  }
  return metrics;
}

/** Figures of this machine; run apart from other loops. */
export async function metricsFigures(): Promise<readonly Figure[]> {
  const metrics = createMetrics();
  const counter = metrics.counter("plain", { help: "A counter" });
  const held = metrics.counter("labelled", { help: "With labels" }).with({ code: "200", a: "b" });
  const labelled = metrics.counter("looked_up", { help: "Looked up each time" });
  const gauge = metrics.gauge("gauge", { help: "A gauge" });
  const histogram = metrics.histogram("took_seconds", { help: "A histogram", unit: "seconds" });
  const peer = new PromCounter({
    name: "peer",
    help: "A counter",
    registers: [new PromRegistry()],
  });

  const goalNs = 50;
  const add = nanoseconds(() => counter.add(), tells);
  const figures = [
    shown("counter adds a second, one core (millions)", 1e3 / add),
    atMost("counter add (ns CPU)", add, goalNs),
    atMost(
      "counter add, series kept (ns CPU)",
      nanoseconds(() => held.add(), tells),
      goalNs,
    ),
    atMost(
      "gauge set (ns CPU)",
      nanoseconds((i) => gauge.set(i), tells),
      goalNs,
    ),
    atMost(
      "histogram observe, 16 buckets (ns CPU)",
      nanoseconds((i) => histogram.observe((i & 1_023) / 100), tells),
      goalNs,
    ),
    shown(
      "counter with 2 labels, looked up (ns CPU)",
      nanoseconds(() => labelled.with({ method: "GET", code: "200" }).add(), 500_000),
    ),
    shown(
      "prom-client counter inc (ns CPU)",
      nanoseconds(() => peer.inc(), tells / 5),
    ),
  ];

  // Nothing of what was measured was left out by the compiler.
  const text = await metrics.text();
  if (!text.includes(`plain_total ${tells * (rounds + 1)}\n`)) throw new Error("miscounted");

  const many = thousand();
  for (const format of ["prometheus", "openmetrics"] as const) {
    const text = await many.text(format);
    const before = process.cpuUsage();
    for (let i = 0; i < 50; i++) await many.text(format);
    const { user, system } = process.cpuUsage(before);
    figures.push(shown(`/metrics of 1,000 series, ${format} (ms CPU)`, (user + system) / 50_000));
    figures.push(shown(`/metrics of 1,000 series, ${format} (bytes)`, Buffer.byteLength(text)));
  }
  return figures;
}
