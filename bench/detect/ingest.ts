// Figures of receivers: points a second and core, from the body of a request to readings that are emitted.
import { gunzipSync, gzipSync } from "node:zlib";
import { silentLog } from "../../src/kernel/log.ts";
import type { IntakeOptions } from "../../src/sources/foreign/intake.ts";
import { createOtlpDesk } from "../../src/sources/otlp.ts";
import { createRemoteWriteDesk } from "../../src/sources/remote-write.ts";
import { simClock } from "../../src/testing/sim-clock.ts";
import {
  attribute,
  metricsBody,
  metricsJson,
  type Pairs,
  resource,
  type SumMetric,
} from "../../test/support/otlp-writer.ts";
import * as write from "../../test/support/protobuf-writer.ts";
import { series } from "../../test/support/remote-writer.ts";
import { snappy } from "../../test/support/snappy-writer.ts";
import { atLeast, type Figure, shown } from "../table.ts";

const goal = 200_000;
const clock = simClock(1_000_000);
const foreign: IntakeOptions = {
  ...{ known: new Set(["shop"]), services: {}, metrics: [], labels: {} },
  ...{ seriesMax: 10_000, keepsUnmapped: false },
};

/** What an SDK of Node sends of a process. */
const sender: Pairs = {
  "service.name": "shop",
  "service.version": "1.41.0",
  "service.instance.id": "627cc493-f310-47de-96bd-71410b7dec09",
  "host.name": "shop-7d9f8b6c5d-x2x7k",
  "process.pid": "17",
  "process.runtime.name": "nodejs",
  "telemetry.sdk.language": "nodejs",
  "telemetry.sdk.version": "3.1.0",
};

/** The semantic conventions of a request. */
const request = (i: number): Pairs => ({
  "http.request.method": "GET",
  "http.route": `/cart/:id/item-${i}`,
  "http.response.status_code": "200",
  "url.scheme": "https",
});

const [metricsOf, pointsOf] = [20, 50];
const perRequest = metricsOf * pointsOf;
const momentOf = (round: number): number => clock.wall() - 600_000 + round * 1_000;

/** Half of them totals, half as they are. */
function numbers(round: number): readonly SumMetric[] {
  return Array.from({ length: metricsOf }, (_, m) => ({
    name: `http.server.requests.${m}`,
    unit: "{request}",
    kind: m % 2 === 0 ? "counter" : "gauge",
    points: Array.from({ length: pointsOf }, (__, i) => ({
      ...{ labels: request(i), value: round * 17 + i + 0.5, unixMs: momentOf(round) },
      startMs: clock.wall() - 3_600_000,
    })),
  }));
}

/** With the fifteen buckets of the SDK's own bounds. */
function histograms(round: number): Buffer {
  const bounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];
  const counts = Array.from({ length: 16 }, (_, i) => (i % 5) * round);
  const count = counts.reduce((sum, it) => sum + it, 0);
  const point = (i: number): Buffer =>
    write.piece(
      1,
      write.fixed64(3, BigInt(momentOf(round)) * 1_000_000n),
      ...[write.fixed64(4, count), write.double(5, count * 40)],
      write.piece(6, write.fixeds(counts)),
      write.piece(7, write.doubles(bounds)),
      ...Object.entries(request(i)).map(([name, value]) => attribute(9, name, value)),
    );
  const metric = (m: number): Buffer => {
    const points = Array.from({ length: pointsOf }, (_, i) => point(i));
    const data = write.piece(9, ...points, write.whole(2, 2));
    return write.piece(2, write.text(1, `took.${m}`), write.text(3, "ms"), data);
  };
  return resource(
    sender,
    Array.from({ length: metricsOf }, (_, m) => metric(m)),
  );
}

function samples(round: number): Buffer {
  const all = Array.from({ length: perRequest }, (_, i) => {
    const labels = {
      __name__: i % 2 === 0 ? "http_requests_total" : "queue_length",
      ...{ instance: "10.0.3.17:9100", job: "shop", method: "GET", code: "200" },
      route: `/cart/:id/item-${i}`,
    };
    return series(labels, [momentOf(round), round * 17 + i]);
  });
  return snappy(Buffer.concat(all));
}

type Take = (body: Buffer) => void;

/** Points a second of CPU time, of all threads: the median of some rounds after one to warm up. */
function rateOf(bodies: readonly Buffer[], make: (emit: (count: number) => void) => Take): number {
  const rounds = 5;
  const rates = Array.from({ length: rounds + 1 }, () => {
    let emitted = 0;
    const take = make((count) => {
      emitted += count;
    });
    const before = process.cpuUsage();
    for (const body of bodies) take(body);
    const { user, system } = process.cpuUsage(before);
    if (emitted < perRequest) throw new Error(`only ${emitted} readings came of it`);
    return (bodies.length * perRequest) / ((user + system) / 1e6);
  });
  return rates.slice(1).toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

const otlp = (encoding: "json" | "protobuf", unpack = (body: Buffer): Buffer => body) => {
  return (emit: (count: number) => void): Take => {
    const settings = { where: "", attribute: "service.name", windowMs: 60_000, foreign };
    const around = { clock, log: silentLog };
    const desk = createOtlpDesk(settings, { ...around, emit: ({ length }) => emit(length) });
    return (body) => void desk.take("metrics", encoding, unpack(body));
  };
};

const remoteWrite = (emit: (count: number) => void): Take => {
  const settings = { where: "", label: "job", bodyBytes: 4_194_304, foreign };
  const around = { clock, log: silentLog };
  const desk = createRemoteWriteDesk(settings, { ...around, emit: ({ length }) => emit(length) });
  return desk.take;
};

/** @param quick a third of the requests */
export function ingest(quick: boolean): readonly Figure[] {
  const requests = Array.from({ length: quick ? 30 : 100 }, (_, round) => round + 1);
  const protobuf = requests.map((round) => metricsBody(sender, numbers(round)));
  const json = requests.map((round) =>
    Buffer.from(JSON.stringify(metricsJson(sender, numbers(round)))),
  );
  const zipped = protobuf.map((body) => gzipSync(body));
  const written = requests.map(samples);
  const bytes = (bodies: readonly Buffer[]): number => (bodies[0]?.length ?? 0) / perRequest;
  return [
    atLeast("OTLP protobuf, points a second and core", rateOf(protobuf, otlp("protobuf")), goal),
    atLeast("OTLP JSON, points a second and core", rateOf(json, otlp("json")), goal),
    atLeast("remote-write, points a second and core", rateOf(written, remoteWrite), goal),
    shown(
      "OTLP protobuf in gzip, unpacking included",
      rateOf(
        zipped,
        otlp("protobuf", (body) => gunzipSync(body)),
      ),
    ),
    shown(
      "OTLP histograms of 15 bounds, points a second and core",
      rateOf(requests.map(histograms), otlp("protobuf")),
    ),
    shown("bytes a point: protobuf", bytes(protobuf)),
    shown("bytes a point: JSON", bytes(json)),
    shown("bytes a point: remote-write", bytes(written)),
  ];
}
