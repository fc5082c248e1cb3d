// A real Prometheus writes to us, is scraped and asked by us; a real Alertmanager tells us its alerts.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { systemClock } from "../../src/kernel/clock.ts";
import { alertmanagerSource } from "../../src/sources/alertmanager.ts";
import { askOver, type PullOptions } from "../../src/sources/foreign/pull.ts";
import { prometheusQuery } from "../../src/sources/prometheus-query.ts";
import { prometheusScrape } from "../../src/sources/prometheus-scrape.ts";
import { remoteWriteSource } from "../../src/sources/remote-write.ts";
import { foreign } from "../support/foreign.ts";
import * as write from "../support/protobuf-writer.ts";
import { series } from "../support/remote-writer.ts";
import { snappy } from "../support/snappy-writer.ts";
import { hear } from "./support/heard.ts";
import { freePorts, until } from "./support/project.ts";
import { scratch, start } from "./support/real.ts";

const token = "0123456789abcdef";
const host = "127.0.0.1";
const bodyBytes = 4_194_304;

/** It scrapes itself twice a second as the job "web", and writes what it has to our port. */
async function prometheus(t: TestContext, writePort: number): Promise<string | undefined> {
  const folder = scratch(t);
  const [port = 0] = await freePorts(1);
  const config = {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms" },
    scrape_configs: [{ job_name: "web", static_configs: [{ targets: [`${host}:${port}`] }] }],
    remote_write: [
      {
        url: `http://${host}:${writePort}/api/v1/write`,
        authorization: { credentials: token },
        queue_config: { batch_send_deadline: "200ms" },
        metadata_config: { send: true, send_interval: "500ms" },
      },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  const program = start(t, "prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${host}:${port}`,
  ]);
  if (!program) return undefined;
  const url = `http://${host}:${port}`;
  await ready(`${url}/-/ready`, program.said);
  return url;
}

const ready = (url: string, said: () => string): Promise<boolean> =>
  until(`an answer of ${url}`, 30_000, async () => {
    said();
    return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => (ok ? true : undefined),
      () => undefined,
    );
  });

describe("a real Prometheus", { timeout: 90_000 }, () => {
  test("writes to us: gauges, totals, summaries and histograms, with what it says of them", async (t) => {
    const [port = 0] = await freePorts(1);
    const settings = { host, port, token, bodyBytes, label: "job", foreign };
    const source = remoteWriteSource(settings);
    const heard = hear(t, source);
    const url = await prometheus(t, port);
    if (url === undefined) return;
    const instance = new URL(url).host;
    const up = await heard.find(`up{instance="${instance}",job="web"}`);
    assert.equal(up.value, 1);
    const rate = await heard.find(
      /^prometheus_tsdb_head_samples_appended_total\.rate\{/,
      ({ value }) => value > 0,
    );
    assert.equal(rate.unit, "per_s");
    const took = await heard.find(
      /^prometheus_http_request_duration_seconds\.p95\{.*handler="\/metrics"/,
    );
    assert.ok(took.value > 0 && took.value <= 1_000 && took.unit === "ms", `${took.value} ms`);
    const threads = await heard.find(/^go_threads\{/);
    assert.ok(threads.value >= 1);
    const view = source.view();
    assert.ok((view?.taken ?? 0) > 500 && (view?.series ?? 0) > 100, JSON.stringify(view));
    assert.deepEqual(view?.unmapped, {});
    const lost = Object.keys(view?.refused ?? {});
    assert.deepEqual(
      lost.filter((it) => it !== "value"),
      [],
      "NaN is of summaries without data",
    );

    const pull: Omit<PullOptions, "url"> = {
      ...{ name: "prometheus 1", everyMs: 500, service: "web", label: "job", foreign },
      ask: askOver({ clock: systemClock, timeoutMs: 2_000, bodyBytes }),
    };
    const scraped = hear(t, prometheusScrape({ ...pull, url: `${url}/metrics` }));
    assert.equal((await scraped.find("up")).value, 1);
    const own = await scraped.find(/^prometheus_http_requests_total\.rate\{.*handler="\/metrics"/);
    assert.ok(own.value >= 0);
    await scraped.find(/^prometheus_http_request_duration_seconds\.p50\{.*handler="\/metrics"/);
    assert.ok(
      !scraped.readings.some(({ metric }) => /_bucket|_count\{/.test(metric)),
      "put together",
    );

    const queries = {
      self: 'up{job="web"}',
      series: "count(up)",
      nothing: "absent(up)",
      odd: "0/0",
    };
    const asking = prometheusQuery({ ...pull, url, queries });
    const asked = hear(t, asking);
    assert.equal((await asked.find(/^self\{/)).value, 1);
    assert.equal((await asked.find("series")).value, 1);
    assert.equal(asking.view()?.trouble, undefined);
    const wrong = prometheusQuery({ ...pull, url, queries: { bad: "sum(" } });
    hear(t, wrong);
    const why = await until("it says why", 10_000, async () => wrong.view()?.trouble);
    assert.match(why, /status 400.*parse error/);
  });

  test("both versions of remote-write are answered as they are to be, others refused", async (t) => {
    const [port = 0] = await freePorts(1);
    const heard = hear(t, remoteWriteSource({ host, port, bodyBytes, label: "job", foreign }));
    const url = `http://${host}:${port}/api/v1/write`;
    await until("it listens", 5_000, async () =>
      fetch(url).then(
        (it) => it.text().then(() => true),
        () => undefined,
      ),
    );
    const send = async (proto: string, body: Uint8Array): Promise<Response> => {
      const type = `application/x-protobuf${proto === "" ? "" : `;proto=${proto}`}`;
      const headers = { "content-type": type, "content-encoding": "snappy" };
      const signal = AbortSignal.timeout(5_000);
      const made = { method: "POST", body: new Uint8Array(snappy(body)), headers, signal };
      const answer = await fetch(url, made);
      await answer.text();
      return answer;
    };
    const point = write.piece(2, write.double(1, 5), write.whole(2, Date.now()));
    const symbols = ["", "__name__", "second", "job", "web"].map((it) => write.text(4, it));
    const refs = write.piece(1, ...[1, 2, 3, 4].map((it) => write.varint(it)));
    const second = Buffer.concat([...symbols, write.piece(5, refs, point)]);
    const first = series({ __name__: "first", job: "web" }, [Date.now(), 4]);
    assert.equal((await send("", first)).status, 204);
    assert.equal((await send("prometheus.WriteRequest", first)).status, 204);
    const answer = await send("io.prometheus.write.v2.Request", second);
    assert.equal(answer.headers.get("x-prometheus-remote-write-samples-written"), "1");
    assert.equal((await send("io.prometheus.write.v3.Request", second)).status, 415);
    assert.equal((await send("", second.subarray(0, 9))).status, 400);
    assert.equal((await heard.find('first{job="web"}')).value, 4);
    assert.equal((await heard.find('second{job="web"}')).value, 5);
  });

  test("a real Alertmanager tells of an alert, and of its end", async (t) => {
    const folder = scratch(t);
    const [port = 0, ownPort = 0] = await freePorts(2);
    const settings = { host, port, token, bodyBytes, label: "service", forgetMs: 3_600_000 };
    const source = alertmanagerSource({ ...settings, foreign });
    const heard = hear(t, source);
    const webhook = {
      url: `http://${host}:${port}/`,
      send_resolved: true,
      http_config: { authorization: { credentials: token } },
    };
    const config = {
      route: { receiver: "us", group_wait: "100ms", group_interval: "200ms" },
      receivers: [{ name: "us", webhook_configs: [webhook] }],
    };
    writeFileSync(join(folder, "alertmanager.yml"), JSON.stringify(config));
    const program = start(t, "prometheus-alertmanager", [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=${host}:${ownPort}`,
      "--cluster.listen-address=",
    ]);
    if (!program) return;
    const url = `http://${host}:${ownPort}`;
    await ready(`${url}/-/ready`, program.said);
    const tell = async (endsAt?: string): Promise<void> => {
      const labels = { alertname: "HighErrors", service: "web", severity: "page" };
      const alert = { labels, annotations: { summary: "5 % of requests fail" } };
      const body = JSON.stringify([{ ...alert, ...(endsAt === undefined ? {} : { endsAt }) }]);
      const headers = { "content-type": "application/json" };
      const signal = AbortSignal.timeout(5_000);
      const answer = await fetch(`${url}/api/v2/alerts`, { method: "POST", body, headers, signal });
      assert.equal(answer.status, 200, await answer.text());
    };
    await tell();
    const sick = await heard.find("alerts", ({ value }) => value === 0);
    assert.equal(sick.note, "HighErrors: 5 % of requests fail");
    const own = 'alert{alertname="HighErrors",service="web",severity="page"}';
    assert.equal((await heard.find(own)).value, 1);
    await tell(new Date().toISOString());
    assert.equal((await heard.find("alerts", ({ value }) => value === 1)).note, "no alert");
    assert.equal((await heard.find(own, ({ value }) => value === 0)).unit, "bool");
  });
});
