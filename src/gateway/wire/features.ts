// The features of a route as they come over the control socket, and their counters.
import { durationMaxMs } from "../../kernel/duration.ts";
import type {
  AccessLog,
  Fault,
  FaultMatch,
  FeatureStats,
  RouteFeatures,
  Shadow,
  Shed,
} from "../../protocol/gateway-features.ts";
import { priorities } from "../../protocol/gateway-features.ts";
import {
  amount,
  type Fields,
  fields,
  flag,
  list,
  maybe,
  mismatch,
  sentence,
  text,
  whole,
  word,
} from "../../protocol/shape.ts";

const listLimit = 100;
const targetMax = 16_384;

/** @throws WIRE_SHAPE */
export function features(route: Fields, at: string): RouteFeatures {
  return {
    ...maybe("shed", route.shed, at, shed),
    ...maybe("faults", route.faults, at, (value, where) => list(value, where, listLimit, fault)),
    ...maybe("shadow", route.shadow, at, shadow),
    ...maybe("accessLog", route.accessLog, at, accessLog),
  };
}

function shed(value: unknown, at: string): Shed {
  const raw = fields(value, at);
  const most = 1_000_000;
  return {
    initial: whole(raw.initial, `${at}.initial`, 1, most),
    min: whole(raw.min, `${at}.min`, 1, most),
    max: whole(raw.max, `${at}.max`, 1, most),
    retryAfterMs: amount(raw.retryAfterMs, `${at}.retryAfterMs`, durationMaxMs),
    usual: word(raw.usual, `${at}.usual`, priorities),
    ...maybe("header", raw.header, at, text),
    paths: list(raw.paths, `${at}.paths`, listLimit, (entry, where) => {
      const { prefix, priority } = fields(entry, where);
      return {
        prefix: text(prefix, `${where}.prefix`),
        priority: word(priority, `${where}.priority`, priorities),
      };
    }),
    exempt: list(raw.exempt, `${at}.exempt`, listLimit, target),
  };
}

/** A target of a request may be longer than other texts. */
function target(value: unknown, at: string): string {
  const fits = typeof value === "string" && value.length > 0 && value.length <= targetMax;
  return fits ? value : mismatch(at, `text of 1 to ${targetMax} characters`, value);
}

function fault(value: unknown, at: string): Fault {
  const raw = fields(value, at);
  return {
    match: match(raw.match, `${at}.match`),
    share: amount(raw.share, `${at}.share`, 1),
    delayMs: amount(raw.delayMs, `${at}.delayMs`, durationMaxMs),
    jitterMs: amount(raw.jitterMs, `${at}.jitterMs`, durationMaxMs),
    ...maybe("abort", raw.abort, at, (abort, where) =>
      abort === "cut" ? ("cut" as const) : whole(abort, where, 400, 599),
    ),
    forMs: amount(raw.forMs, `${at}.forMs`, durationMaxMs),
    untilAtMs: amount(raw.untilAtMs, `${at}.untilAtMs`, Number.MAX_SAFE_INTEGER),
  };
}

function match(value: unknown, at: string): FaultMatch {
  const raw = fields(value, at);
  return {
    ...maybe("path", raw.path, at, text),
    ...maybe("method", raw.method, at, text),
    ...maybe("header", raw.header, at, (header, where) => {
      const entries = Object.entries(fields(header, where));
      if (entries.length > listLimit) mismatch(where, `at most ${listLimit} fields`, header);
      return Object.fromEntries(
        entries.map(([name, it]) => [name, sentence(it, `${where}.${name}`)]),
      );
    }),
    ...maybe("client", raw.client, at, text),
  };
}

function shadow(value: unknown, at: string): Shadow {
  const raw = fields(value, at);
  return {
    port: whole(raw.port, `${at}.port`, 1, 65_535),
    share: amount(raw.share, `${at}.share`, 1),
    atOnce: whole(raw.atOnce, `${at}.atOnce`, 1, 10_000),
    timeoutMs: amount(raw.timeoutMs, `${at}.timeoutMs`, durationMaxMs),
  };
}

function accessLog(value: unknown, at: string): AccessLog {
  const raw = fields(value, at);
  return {
    file: text(raw.file, `${at}.file`),
    sample: amount(raw.sample, `${at}.sample`, 1),
    ...maybe("slowMs", raw.slowMs, at, (slowMs, where) => amount(slowMs, where, durationMaxMs)),
    errors: flag(raw.errors, `${at}.errors`),
    query: flag(raw.query, `${at}.query`),
  };
}

/** @throws WIRE_SHAPE */
export function featureStats(route: Fields, at: string): FeatureStats {
  const counts =
    <Key extends string>(...names: readonly Key[]) =>
    (value: unknown, where: string): Readonly<Record<Key, number>> => {
      const raw = fields(value, where);
      const entries = names.map((name) => [name, whole(raw[name], `${where}.${name}`)]);
      return Object.fromEntries(entries) as Record<Key, number>;
    };
  return {
    ...maybe("shed", route.shed, at, counts(...priorities)),
    ...maybe("limit", route.limit, at, (limit, where) => whole(limit, where)),
    ...maybe("faults", route.faults, at, counts("delayed", "aborted")),
    ...maybe("shadow", route.shadow, at, counts("sent", "failed", "dropped")),
    ...maybe("accessLog", route.accessLog, at, counts("written", "dropped")),
  };
}
