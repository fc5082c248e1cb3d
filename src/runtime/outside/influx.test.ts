// The sink for InfluxDB: batches, a bounded queue, pauses that the server asks for, and no throw ever.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { gunzipSync } from "node:zlib";
import {
  keptLog,
  keptMetrics,
  type Request,
  type Scripted,
  scriptedFetch,
} from "../../../test/support/outside-world.ts";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { influxSink } from "./influx.ts";
import type { InfluxOptions } from "./influx-options.ts";
import type { Point } from "./line-protocol.ts";

const token = "kXq0pZ7vT3mY9wB1";
const v2 = { url: "http://influx:8086", token, org: "acme", bucket: "apps" };
const point = (n: number): Point => ({ measurement: "m", fields: { n } });
const points = (many: number): Point[] => Array.from({ length: many }, (_, n) => point(n));

function world(answers: Scripted[] = [204], options: Partial<InfluxOptions> = {}) {
  const clock = simClock();
  const server = scriptedFetch(...answers);
  const kept = keptLog();
  const { metrics, value } = keptMetrics();
  const around = { clock, random: seeded(3), log: kept.log, fetch: server.fetch, metrics };
  const sink = influxSink({
    ...(options.db ? {} : v2),
    url: v2.url,
    gzip: false,
    ...around,
    ...options,
  });
  return { clock, server, kept, sink, value };
}

const lines = ({ body }: Request): readonly string[] => String(body).trimEnd().split("\n");

describe("a batch", () => {
  test("leaves at the interval, to v2 with a token, its time that of the writing", async () => {
    const { sink, server, clock, value } = world();
    sink.write(point(7));
    await clock.advance(9_999);
    assert.equal(server.requests.length, 0);
    await clock.advance(1);
    const [request] = server.requests;
    assert.equal(
      request?.url.href,
      "http://influx:8086/api/v2/write?org=acme&bucket=apps&precision=ms",
    );
    assert.equal(request?.headers.get("authorization"), `Token ${token}`);
    assert.equal(String(request?.body), "m n=7 1767225600000\n");
    assert.deepEqual(sink.state, { waiting: 0, written: 1, dropped: 0 });
    assert.equal(value("influx_points_written"), 1);
    assert.equal(value("influx_points_dropped"), 0);
  });

  test("goes to v1 with db and Basic authorization, behind the path of a proxy", async () => {
    const v1 = { url: "http://proxy/influx/", db: "apps", retentionPolicy: "week" };
    const { sink, server } = world([204], { ...v1, user: "app", password: "hunter22" });
    sink.write(point(1));
    assert.equal(await sink.flush(), true);
    const [request] = server.requests;
    assert.equal(request?.url.href, "http://proxy/influx/write?db=apps&rp=week&precision=ms");
    assert.equal(request?.headers.get("authorization"), `Basic ${btoa("app:hunter22")}`);
  });

  test("is compressed when it is large", async () => {
    const { sink, server } = world([204], { gzip: true });
    sink.write(points(100));
    await sink.flush();
    sink.write(point(1));
    await sink.flush();
    const [large, small] = server.requests;
    assert.equal(large?.headers.get("content-encoding"), "gzip");
    assert.equal(String(gunzipSync(large?.body ?? "")).split("\n").length, 101);
    assert.equal(small?.headers.get("content-encoding"), null);
  });

  test("that is full leaves at once, and none is larger", async () => {
    const { sink, server, clock } = world([204], { maxBatch: 10 });
    sink.write(points(25));
    await clock.advance(0);
    assert.deepEqual(
      server.requests.map((request) => lines(request).length),
      [10, 10, 5],
    );
  });

  test("holds what was asked for just before; a question that fails or hangs costs the others nothing", async () => {
    let ask: () => Point[] | Promise<Point[]> = () => [point(1)];
    const { sink, server, clock, kept } = world([204], { collect: () => ask() });
    await clock.advance(10_000);
    assert.deepEqual(lines(server.requests[0] as Request), ["m n=1 1767225610000"]);
    ask = () => {
      throw new Error("registry is gone");
    };
    sink.write(point(2));
    await clock.advance(20_000);
    assert.equal(server.requests.length, 2);
    assert.deepEqual(kept.said("warn"), ["influx: collecting points failed: registry is gone"]);
    ask = () => new Promise(() => {});
    sink.write(point(3));
    await clock.advance(60_000);
    assert.equal(server.requests.length, 3);
  });
});

describe("a server that does not take it", () => {
  test("429 and 503 are tried again when it says, and nothing is lost", async () => {
    for (const status of [429, 503]) {
      const busy = new Response("", { status, headers: { "retry-after": "55" } });
      const { sink, server, clock, kept } = world([busy, 204]);
      sink.write(points(3));
      await clock.advance(10_000 + 54_000);
      assert.equal(server.requests.length, 1);
      assert.deepEqual(sink.state, { waiting: 3, written: 0, dropped: 0 });
      await clock.advance(10_000);
      assert.deepEqual(sink.state, { waiting: 0, written: 3, dropped: 0 });
      assert.deepEqual(kept.said("warn"), [
        `influx: writing to influx:8086 failed: HTTP ${status}`,
      ]);
      assert.deepEqual(kept.said("info"), ["influx: writing to influx:8086 works again"]);
    }
  });

  test("an outage keeps the newest points, counts the others, and is tried ever more seldom", async () => {
    const { sink, server, clock, kept, value } = world([new Error("ECONNREFUSED")], {
      maxQueue: 100,
    });
    for (let minute = 0; minute < 60; minute++) {
      sink.write(points(10));
      await clock.advance(60_000);
    }
    assert.deepEqual(sink.state, { waiting: 100, written: 0, dropped: 500 });
    assert.equal(value("influx_points_dropped"), 500);
    assert.ok(
      server.requests.length >= 12 && server.requests.length <= 40,
      `${server.requests.length}`,
    );
    assert.equal(kept.said("warn").length, 1);
    server.answers = [204];
    assert.equal(await sink.flush(), true, "a flush does not wait for the pause to end");
    assert.deepEqual(sink.state, { waiting: 0, written: 100, dropped: 500 });
    assert.match(lines(server.requests.at(-1) as Request)[0] ?? "", /^m n=0 /);
  });

  test("points that it refuses are told and dropped, and do not hold up the next", async () => {
    const partial =
      'partial write: field type conflict: input field "n" on measurement "m" is type float, already exists as type integer dropped=2';
    const answers = [
      new Response(JSON.stringify({ error: partial }), { status: 400 }),
      new Response("", { status: 413 }),
      new Response(JSON.stringify({ code: "unprocessable entity" }), { status: 422 }),
      204,
    ];
    const { sink, server, kept } = world(answers, { maxBatch: 5 });
    sink.write(points(20));
    assert.equal(await sink.flush(), true);
    assert.equal(server.requests.length, 4);
    assert.deepEqual(sink.state, { waiting: 0, written: 8, dropped: 12 });
    const [first = "", second = ""] = kept.said("warn");
    assert.match(
      first,
      /refused 2 of 5 points, which are dropped: HTTP 400: .*field type conflict/,
    );
    assert.match(second, /refused 5 of 5 points, which are dropped: HTTP 413/);
  });

  test("one that hangs is left after 10 s; a flush ends with its signal and the points stay", async () => {
    const { sink, clock, server } = world([() => new Promise<Response>(() => {})]);
    sink.write(points(2));
    await clock.advance(15_000);
    const over = new AbortController();
    const flushed = sink.flush(over.signal);
    await clock.advance(1_000);
    over.abort();
    assert.equal(await flushed, false);
    assert.deepEqual(sink.state, { waiting: 2, written: 0, dropped: 0 });
    server.answers = [204];
    const last = sink.flush();
    await clock.advance(4_000);
    assert.equal(await last, true);
    assert.equal(sink.state.written, 2);
  });
});

describe("what it is given", () => {
  test("that is no point is counted and never thrown", async () => {
    const { sink } = world();
    const given = [
      undefined,
      null,
      7,
      "ab",
      {},
      { measurement: "m" },
      { measurement: "m", fields: { a: Number.NaN } },
    ];
    for (const each of given) sink.write(each as unknown as Point);
    sink.write(
      (function* () {
        yield point(1);
        throw new Error("no more");
      })(),
    );
    assert.deepEqual(sink.state, { waiting: 1, written: 0, dropped: 8 });
    sink[Symbol.dispose]();
    sink.write(point(2));
    assert.equal(sink.state.dropped, 9);
    assert.equal(await sink.flush(), false);
  });

  test("options that cannot be are said at once, and no key with them", () => {
    const wrong: readonly Partial<InfluxOptions>[] = [
      { url: `http://app:${token}@influx` },
      { url: "influx" },
      { bucket: "" },
      { db: "x" },
      { token: `${token}\n` },
      { user: "app" },
      { maxQueue: 0 },
      { tokn: token } as Partial<InfluxOptions>,
    ];
    for (const each of wrong) {
      assert.throws(
        () => influxSink({ ...v2, ...each }),
        (error) =>
          (error as { code?: string }).code === "OPTION_INVALID" && !inspect(error).includes(token),
      );
    }
    assert.throws(() => influxSink({ url: v2.url }), /either bucket .* or db/);
  });

  test("what a server or a network quotes of the key is not told", async () => {
    const answers = [
      new Error(`bad header Token ${token}`),
      new Response(`who is ${token}`, { status: 401 }),
    ];
    for (const answer of answers) {
      const { sink, kept } = world([answer]);
      sink.write(point(1));
      await sink.flush();
      assert.equal(kept.said("warn").length, 1);
      assert.ok(!inspect(kept.entries, { depth: 20, showHidden: true }).includes(token));
    }
  });
});
