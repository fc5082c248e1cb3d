// What the sink for InfluxDB may be told: where it writes, by what right, and how much it holds.

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { anything, called, checkOptions, count, flag } from "../../policies/options.ts";
import type { Metrics } from "../parts/metrics.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { Point } from "./line-protocol.ts";
import { checkGiven, invalid, secretAddress, secretText, under } from "./secret.ts";
import type { Fetch } from "./send.ts";

export interface InfluxOptions extends Partial<Surroundings> {
  /** Such as `http://127.0.0.1:8086`; a path of a proxy is kept. */
  readonly url: string;
  /** For `Authorization: Token …`; v1 takes `user:password` here from 1.8 on. */
  readonly token?: string;
  /** For v2, with `bucket`: POST /api/v2/write. */
  readonly org?: string;
  readonly bucket?: string;
  /** For v1, in place of `bucket`: POST /write. */
  readonly db?: string;
  readonly retentionPolicy?: string;
  /** For v1, by Basic authorization. */
  readonly user?: string;
  readonly password?: string;
  /** Milliseconds from one batch to the next; a full batch leaves at once. Default 10,000. */
  readonly everyMs?: number;
  /** Milliseconds for one request. Default 10,000. */
  readonly timeoutMs?: number;
  /** Points that wait at most; the oldest are dropped first. Default 10,000. */
  readonly maxQueue?: number;
  /** Points in one request. Default 1,000. */
  readonly maxBatch?: number;
  /** Whether a batch of more than 1,000 bytes is compressed. Default true. */
  readonly gzip?: boolean;
  /** Asked for points before each batch. */
  readonly collect?: () => Iterable<Point> | Promise<Iterable<Point>>;
  /** Gets `influx_points_written` and `influx_points_dropped`. */
  readonly metrics?: Pick<Metrics, "counter">;
  /** What waits leaves when the app stops, within 5,000 ms. */
  readonly stopping?: Pick<Stopping, "onStop">;
  readonly fetch?: Fetch;
}

/** How a batch is sent. */
export interface InfluxTarget {
  readonly url: URL;
  readonly host: string;
  readonly secrets: readonly string[];
  request(lines: string): Promise<RequestInit>;
}

/** @throws OPTION_INVALID, which shows neither the address nor a key */
export function influxTarget(options: InfluxOptions): InfluxTarget {
  checkInflux(options);
  const address = secretAddress("influx", "url", options.url);
  const url = options.db === undefined ? v2(options, address) : v1(options, address);
  const authorization = authorizationOf(options);
  const headers = { "content-type": "text/plain; charset=utf-8", "user-agent": "homeostat" };
  const { token = "", password = "" } = options;
  return {
    url,
    host: address.host,
    // Its path is no secret, but what a server says may quote the keys.
    secrets: [token, password, authorization],
    request: async (lines) => {
      const packs = (options.gzip ?? true) && lines.length > leastToPack;
      return {
        method: "POST",
        headers: {
          ...headers,
          ...(authorization !== "" && { authorization }),
          ...(packs && { "content-encoding": "gzip" }),
        },
        body: packs ? new Uint8Array(await pack(lines)) : lines,
      };
    },
  };
}

const leastToPack = 1_000;
const pack = promisify<string, Buffer>(gzip);

type Address = Parameters<typeof under>[0];

function v2({ org = "", bucket = "" }: InfluxOptions, address: Address): URL {
  const url = under(address, "/api/v2/write");
  if (org !== "") url.searchParams.set("org", org);
  url.searchParams.set("bucket", bucket);
  url.searchParams.set("precision", "ms");
  return url;
}

function v1({ db = "", retentionPolicy }: InfluxOptions, address: Address): URL {
  const url = under(address, "/write");
  url.searchParams.set("db", db);
  if (retentionPolicy !== undefined) url.searchParams.set("rp", retentionPolicy);
  url.searchParams.set("precision", "ms");
  return url;
}

function authorizationOf({ token, user, password = "" }: InfluxOptions): string {
  if (token !== undefined) return `Token ${secretText("influx", "token", token)}`;
  if (user === undefined) return "";
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function checkInflux(options: InfluxOptions): void {
  checkGiven("influx", options);
  checkOptions<InfluxOptions>("influx", options, {
    ...{ url: anything, token: anything, user: anything, password: anything },
    ...{ org: short, bucket: short, db: short, retentionPolicy: short },
    everyMs: count(10, 86_400_000),
    timeoutMs: count(1, 3_600_000),
    maxQueue: count(1, 1_000_000),
    maxBatch: count(1, 100_000),
    gzip: flag,
    collect: called,
    metrics: anything,
    stopping: anything,
    fetch: called,
    ...{ clock: anything, random: called, log: anything },
  });
  const { bucket, db, org, token, user } = options;
  if ((bucket === undefined) === (db === undefined)) {
    throw invalid("influx: expected either bucket (v2, with org) or db (v1)");
  }
  if (org !== undefined && db !== undefined)
    throw invalid("influx: org belongs to bucket, not to db");
  if (token !== undefined && user !== undefined) {
    throw invalid("influx: expected either token or user and password");
  }
}

function short(value: unknown): string | undefined {
  const fits = typeof value === "string" && value.length > 0 && value.length <= 500;
  return fits ? undefined : "a text of 1 to 500 characters";
}
