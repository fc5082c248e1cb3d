// Checks all that an app is told, before anything of it is made; all problems at once.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import {
  anything,
  atLeast,
  called,
  checkOptions,
  count,
  finiteAbove,
  flag,
  named,
  oneOf,
} from "../../policies/options.ts";
import { policyRule } from "../watchdog/register.ts";
import type { AppOptions } from "./options.ts";

type Expects = (value: unknown) => string | undefined;
type Rules<Options> = { readonly [Key in keyof Options]-?: Expects };
type Nested = {
  readonly [Key in keyof AppOptions]?: Rules<Exclude<NonNullable<AppOptions[Key]>, false>>;
};

const object: Expects = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "an object";
const objectOrFalse: Expects = (value) => (value === false ? undefined : object(value));
const texts: Expects = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string")
    ? undefined
    : "a list of texts";
const listOf =
  (method: string): Expects =>
  (value) =>
    Array.isArray(value) && value.every((one) => typeof Object(one)[method] === "function")
      ? undefined
      : `a list of objects that can ${method}`;
const flags: Expects = (value) =>
  object(value) === undefined &&
  Object.values(Object(value)).every((one) => ["boolean", "function"].includes(typeof one))
    ? undefined
    : "true, false or a function by name";

const rules: Rules<AppOptions> = {
  clock: object,
  random: called,
  log: object,
  reporters: listOf("capture"),
  capture: object,
  health: object,
  flags,
  features: object,
  recovery: object,
  stateFile: named,
  checkpoints: object,
  tuning: object,
  url: named,
  synthetic: object,
  chaos: object,
  watchdog: object,
  shutdown: object,
  install: objectOrFalse,
  endpoints: object,
  metrics: object,
  failureEveryMs: finiteAbove(0),
  policies: (value) =>
    typeof Object(value).breakers === "function" ? undefined : "a registry of pipelines",
  daemon: objectOrFalse,
};

const ms = finiteAbove(0);

const nested: Nested = {
  log: {
    level: oneOf("debug", "info", "warn", "error"),
    starting: flag,
    sinks: listOf("write"),
    fields: object,
    secrets: texts,
    noisy: texts,
    summaryMs: ms,
    syslog: anything,
    file: anything,
    terminal: flag,
  },
  capture: { flushMs: ms, closeMs: ms, pending: count(1) },
  health: { firstWithinMs: atLeast(0) },
  features: { everyMs: ms },
  recovery: { atOnceMax: count(1), stopMs: ms },
  checkpoints: {
    folder: named,
    keep: count(1),
    maxBytes: count(1),
    provenMs: ms,
    deathsMax: count(1),
  },
  tuning: { startMs: atLeast(0) },
  synthetic: {
    headers: object,
    fetch: called,
    firstWithinMs: atLeast(0),
    everyMs: ms,
    bodyBytesMax: count(1),
  },
  chaos: { armed: flag, production: flag, journalFile: named, atOnceMax: count(1) },
  watchdog: { policy: policyRule, sweepMs: ms, reporters: listOf("report"), outer: objectOrFalse },
  shutdown: {
    unreadyMs: atLeast(0),
    debugAfterMs: ms,
    forceAfterMs: ms,
    hardAfterMs: ms,
    lingerMs: atLeast(0),
    codeOf: called,
  },
  install: {
    signals: flag,
    errors: flag,
    track: (value) =>
      ["boolean", "string"].includes(typeof value) && value !== ""
        ? undefined
        : 'a flag or "timers"',
  },
  endpoints: { details: oneOf("none", "status", "full"), paths: object },
  metrics: {
    maxSeries: count(1),
    maxMetrics: count(1),
    sourceLimitMs: ms,
    sources: listOf("families"),
    process: flag,
  },
  daemon: { socket: named, instance: named },
};

/** @throws OPTION_INVALID */
export function checkApp(name: string, options: AppOptions): void {
  if (typeof name !== "string" || !/^[a-z][\w.-]{0,63}$/i.test(name)) {
    const form = "begins with a letter and has at most 64 letters, digits, dots, _ and -";
    throw wrong(`an app's name ${form}, got ${JSON.stringify(name)}`);
  }
  const who = `app ${name}`;
  const problems: string[] = [];
  const look = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      problems.push(messageOf(error));
    }
  };
  look(() => checkOptions<AppOptions>(who, options, rules));
  for (const [key, inner] of Object.entries(nested)) {
    const given: unknown = Object(options)[key];
    if (object(given) !== undefined) continue;
    look(() => checkOptions(`${who}: ${key}`, given as object, inner as Rules<object>));
  }
  if (problems.length > 0) throw wrong(problems.join("; "));
}

function wrong(message: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", message);
}
