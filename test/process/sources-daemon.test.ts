// Foreign figures in a real daemon: mapped, charted, counted, and an alert that becomes an incident.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeriesView } from "../../src/protocol/api.ts";
import { metricsJson } from "../support/otlp-writer.ts";
import { until } from "./support/project.ts";
import { incident, project, service } from "./support/trial.ts";

const token = "0123456789abcdef";

test("what others send is charted and counted, and an alert is an incident until it is over", async (t) => {
  let [otlp, alerts] = [0, 0];
  const it = await project(t, (_, port) => {
    [otlp, alerts] = [port(), port()];
    return {
      services: { web: service() },
      sources: {
        otlp: { port: otlp, services: { shop: "web" } },
        alertmanager: { port: alerts, token },
      },
    };
  });
  await it.up();
  await it.healthy();
  const post = async (url: string, body: object): Promise<number> => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(5_000);
    const made = { method: "POST", body: JSON.stringify(body), headers, signal };
    const answer = await fetch(url, made);
    await answer.text();
    return answer.status;
  };
  const points = [{ labels: { route: "/" }, value: 7, unixMs: Date.now() }];
  for (const name of ["shop", "stranger"]) {
    const body = metricsJson({ "service.name": name }, [{ name: "queue", kind: "gauge", points }]);
    assert.equal(await post(`http://127.0.0.1:${otlp}/v1/metrics`, body), 200);
  }
  const metric = encodeURIComponent('queue{route="/"}');
  const series = await until("it is charted", 5_000, async () => {
    const answer = await fetch(`${it.url}/api/series?target=web&metric=${metric}`);
    const got = (await answer.json()) as SeriesView;
    return got.values.length > 0 ? got : undefined;
  });
  assert.deepEqual(series.values, [7]);

  const { sources = [] } = await it.view();
  assert.deepEqual(
    sources.map(({ name, taken, unmapped }) => [name, taken, unmapped]),
    [
      ["otlp", 1, { stranger: 1 }],
      ["alertmanager", 0, {}],
    ],
  );
  const told = await it.cli("status");
  assert.match(
    told.out,
    /otlp \(http:.*\): 1 points of 1 series\n.*of no service here: 1 of stranger/,
  );
  const text = await (await fetch(`${it.url}/metrics`)).text();
  assert.match(text, /homeostat_source_points_total\{source="otlp"\} 1\n/);
  assert.match(text, /homeostat_source_unmapped_total\{source="otlp"\} 1\n/);

  const alert = (status: string): object => ({
    version: "4",
    alerts: [
      {
        status,
        labels: { alertname: "Queue", service: "web" },
        annotations: { summary: "7 orders wait" },
      },
    ],
  });
  assert.equal(await post(`http://127.0.0.1:${alerts}/`, alert("firing")), 200);
  const open = await incident(it, "web", ({ incident: { diagnosis } }) => diagnosis !== undefined);
  assert.match(open.title, /an alert is firing: Queue: 7 orders wait/);
  assert.equal(await post(`http://127.0.0.1:${alerts}/`, alert("resolved")), 200);
  await incident(it, "web", ({ state }) => state === "resolved");
  const done = it.journal().flatMap((e) => (e.type === "action.intended" ? [e.data.kind] : []));
  assert.deepEqual(done, ["page"], "nobody is restarted for an alert");
  const journal = it.journal().map((event) => JSON.stringify(event));
  assert.ok(
    !journal.some((event) => event.includes("queue{")),
    "the journal has what decides only",
  );
});
