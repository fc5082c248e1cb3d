// The lines between an app and its daemon, read and checked field by field; both ends use this.
import { HomeostatError } from "../kernel/errors.ts";
import {
  type FromApp,
  linkListMax,
  linkOverrideMaxMs,
  linkProfileMaxMs,
  type Order,
  orderKinds,
  type ToApp,
  type UnfitOrder,
} from "./link.ts";
import { parseReport } from "./link-report.ts";
import {
  type Fields,
  fields,
  flag,
  list,
  maybe,
  mismatch,
  moment,
  parsed,
  sentence,
  text,
  whole,
  word,
} from "./shape.ts";

const captures = ["heap-snapshot", "cpu-profile", "report", "open"] as const;

/** One line with its end. */
export function encodeLink(message: FromApp | ToApp): string {
  return `${JSON.stringify(message)}\n`;
}

/** @throws WIRE_SHAPE */
export function parseFromApp(line: string): FromApp {
  const message = fields(parsed(line), "message");
  switch (message.kind) {
    case "hello":
      return hello(message);
    case "report":
      return { kind: "report", report: parseReport(message.report, "report") };
    case "event":
      return event(message);
    case "answer":
      return answer(message);
    default:
      return mismatch("kind", "hello, report, event or answer", message.kind);
  }
}

/**
 * An order that cannot be read, as that of a newer daemon, comes back as "unfit": the app answers it
 * with an error and the connection goes on.
 * @throws WIRE_SHAPE for all else.
 */
export function parseToApp(line: string): ToApp | UnfitOrder {
  const message = fields(parsed(line), "message");
  switch (message.kind) {
    case "welcome":
      return {
        kind: "welcome",
        protocol: whole(message.protocol, "protocol"),
        everyMs: whole(message.everyMs, "everyMs", 100, 60_000),
        ...maybe("run", message.run, "message", text),
      };
    case "refused":
      return { kind: "refused", why: sentence(message.why, "why") };
    case "order":
      return orderOrUnfit(message);
    default:
      return mismatch("kind", "welcome, refused or order", message.kind);
  }
}

function hello(message: Fields): FromApp {
  return {
    kind: "hello",
    protocol: whole(message.protocol, "protocol"),
    app: text(message.app, "app"),
    ...maybe("instance", message.instance, "message", text),
    pid: whole(message.pid, "pid", 1),
    version: text(message.version, "version"),
    orders: list(message.orders, "orders", linkListMax, text),
  };
}

function event(message: Fields): FromApp {
  return {
    kind: "event",
    type: text(message.type, "type"),
    source: text(message.source, "source"),
    severity: word(message.severity, "severity", ["info", "warning", "critical"] as const),
    time: moment(message.time, "time"),
    text: sentence(message.text, "text"),
    missed: whole(message.missed, "missed"),
  };
}

function answer(message: Fields): FromApp {
  const id = whole(message.id, "id");
  if (message.error !== undefined) {
    const code = text(message.code, "code");
    return { kind: "answer", id, error: sentence(message.error, "error"), code };
  }
  const done = sentence(message.done, "done");
  return { kind: "answer", id, done, ...maybe("file", message.file, "message", file) };
}

function file(value: unknown, at: string): { readonly path: string; readonly bytes: number } {
  const raw = fields(value, at);
  return { path: text(raw.path, `${at}.path`), bytes: whole(raw.bytes, `${at}.bytes`) };
}

function orderOrUnfit(message: Fields): ToApp | UnfitOrder {
  const id = whole(message.id, "id");
  try {
    const by = text(message.by, "by");
    return { kind: "order", id, order: order(message.order, "order"), by };
  } catch (error) {
    if (!(error instanceof HomeostatError) || error.code !== "WIRE_SHAPE") throw error;
    return { kind: "unfit", id, why: error.message };
  }
}

function order(value: unknown, at: string): Order {
  const raw = fields(value, at);
  const kind = word(raw.kind, `${at}.kind`, orderKinds);
  const named = (key: string): string => text(raw[key], `${at}.${key}`);
  switch (kind) {
    case "drain":
      return { kind, on: flag(raw.on, `${at}.on`) };
    case "degrade":
      return { kind, level: whole(raw.level, `${at}.level`, 0, 9) };
    case "feature": {
      const state = word(raw.state, `${at}.state`, ["on", "off", "auto"] as const);
      return { kind, name: named("name"), state, ...maybe("forMs", raw.forMs, at, overrideMs) };
    }
    case "breaker": {
      const state = word(raw.state, `${at}.state`, ["open", "closed", "auto"] as const);
      return { kind, name: named("name"), state };
    }
    case "log-level": {
      const levels = ["debug", "info", "warn", "error"] as const;
      return { kind, level: word(raw.level, `${at}.level`, levels) };
    }
    case "capture": {
      const what = word(raw.what, `${at}.what`, captures);
      return { kind, what, ...maybe("ms", raw.ms, at, profileMs), folder: named("folder") };
    }
    case "do":
      return { kind, name: named("name") };
    case "recover":
      return { kind, type: named("type"), source: named("source") };
  }
}

function overrideMs(value: unknown, at: string): number {
  return whole(value, at, 1, linkOverrideMaxMs);
}

function profileMs(value: unknown, at: string): number {
  return whole(value, at, 1, linkProfileMaxMs);
}
