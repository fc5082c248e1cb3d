// What is asked for: scrapes and queries keep to the contract, and tell what they were answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foreign, world } from "../../test/support/foreign.ts";
import { sourceConformance } from "../testing/source-conformance.ts";
import type { Ask, PullOptions } from "./foreign/pull.ts";
import type { ForeignSource } from "./foreign/source.ts";
import { prometheusQuery } from "./prometheus-query.ts";
import { prometheusScrape } from "./prometheus-scrape.ts";

const everyMs = 1_000;

function options(ask: Ask, over: Partial<PullOptions> = {}): PullOptions {
  const url = "http://user:secret@127.0.0.1:9100/metrics?token=secret";
  return {
    name: "prometheus 1",
    url,
    everyMs,
    label: "job",
    service: "web",
    foreign,
    ask,
    ...over,
  };
}

/** With a service it would say that it is down while it is away. */
sourceConformance("prometheus scrape", {
  make: (look) => {
    const { service: _, ...unnamed } = options(async () => {
      await look();
      return { type: "text/plain", text: 'queue{job="web"} 3\n' };
    });
    return prometheusScrape(unnamed);
  },
  emitsWithinMs: everyMs,
  waits: true,
});

test("what cannot be scraped is down, which is a reading, and why", async () => {
  const it = world();
  let fails = true;
  const source = prometheusScrape(
    options(async () => {
      if (fails) throw new Error("ECONNREFUSED");
      return { type: "text/plain", text: "queue 3\nqueue\n" };
    }),
  );
  await run(it, source, 1);
  assert.deepEqual(
    it.readings().map(({ target, metric, value, note }) => [target, metric, value, note]),
    [["web", "up", 0, "ECONNREFUSED"]],
  );
  fails = false;
  await it.clock.advance(everyMs);
  const [up, ...others] = it.readings();
  assert.deepEqual([up?.value, others.length], [0, 0], "half of an answer is none");
  assert.match(up?.note ?? "", /line 2/);
  assert.equal(source.view()?.trouble, up?.note);
  assert.equal(source.view()?.where, "http://127.0.0.1:9100/metrics", "no secret is told");
  assert.equal(it.lines.filter((line) => line.includes("has trouble")).length, 1);
});

async function run(
  it: ReturnType<typeof world>,
  source: ForeignSource,
  turns: number,
): Promise<void> {
  void source.start(it);
  await it.clock.advance(everyMs * turns);
}

test("a scrape is of its service and instance; its totals become rates, its buckets quantiles", async () => {
  const it = world();
  let n = 0;
  const source = prometheusScrape(
    options(async () => {
      n += 1;
      const text = [
        "# TYPE done counter",
        `done_total ${n * 50}`,
        "# TYPE took_seconds histogram",
        `took_seconds_bucket{le="0.1"} ${n * 10}`,
        `took_seconds_bucket{le="+Inf"} ${n * 10}`,
        `took_seconds_count ${n * 10}`,
        `took_seconds_sum ${n * 0.5}`,
        "# TYPE pods_count gauge",
        "pods_count 4",
        "# EOF",
        "",
      ].join("\n");
      return { type: "application/openmetrics-text; version=1.0.0", text };
    }),
  );
  await run(it, source, 1);
  const instance = '{instance="127.0.0.1:9100"}';
  assert.deepEqual(it.values(), { [`web pods_count${instance}`]: 4, "web up": 1 });
  await it.clock.advance(everyMs);
  const told = it.values();
  assert.equal(told[`web done_total.rate${instance}`], 50);
  assert.equal(told[`web took_seconds.mean${instance}`], 50);
  assert.equal(told[`web took_seconds.p50${instance}`], 50);
});

test("without a service of its own a label says whose a series is", async () => {
  const it = world();
  const { service: _, ...rest } = options(async () => ({
    type: "text/plain",
    text: 'a{job="cart-api",instance="c:1"} 1\na{job="shop"} 2\n',
  }));
  const source = prometheusScrape(rest);
  await run(it, source, 1);
  assert.deepEqual(it.values(), { 'cart a{instance="c:1",job="cart-api"}': 1 });
  assert.deepEqual(source.view()?.unmapped, { shop: 1 });
});

const vector = (unixMs: number, value: string): string =>
  JSON.stringify({
    status: "success",
    data: {
      resultType: "vector",
      result: [{ metric: { job: "web", route: "/" }, value: [unixMs / 1_000, value] }],
    },
  });

test("queries are asked one after the other, and their answers are readings", async () => {
  const it = world();
  const asked: string[] = [];
  const source = prometheusQuery({
    ...options(async (url) => {
      asked.push(url);
      return { type: "application/json", text: vector(it.clock.wall(), "0.25") };
    }),
    url: "http://127.0.0.1:9090/",
    queries: { "http.p99_seconds": "histogram_quantile(0.99, a)", bad: "0/0" },
  });
  await run(it, source, 1);
  assert.equal(
    asked[0],
    "http://127.0.0.1:9090/api/v1/query?query=histogram_quantile(0.99%2C%20a)",
  );
  assert.deepEqual(it.values(), {
    'web http.p99_seconds{job="web",route="/"}': 250,
    'web bad{job="web",route="/"}': 0.25,
  });
});

test("a query without an answer keeps no other from being asked, and no number is no reading", async () => {
  const it = world();
  const source = prometheusQuery({
    ...options(async (url) => {
      if (url.endsWith("one")) throw new Error("status 422: parse error");
      return {
        type: "application/json",
        text: vector(it.clock.wall(), url.endsWith("two") ? "NaN" : "1"),
      };
    }),
    queries: { a: "one", b: "two", c: "three" },
  });
  await run(it, source, 1);
  assert.deepEqual(Object.keys(it.values()), ['web c{job="web",route="/"}']);
  assert.equal(source.view()?.trouble, "a: status 422: parse error");
  assert.deepEqual(source.view()?.refused, {});
});

sourceConformance("prometheus query", {
  make: (look) => {
    let n = 0;
    return prometheusQuery({
      ...options(async () => {
        await look();
        n += 1;
        return { type: "application/json", text: vector(1_767_225_600_000 + 1_000_000 + n, "1") };
      }),
      queries: { a: "b" },
    });
  },
  emitsWithinMs: everyMs,
  waits: true,
});
