// A report as an event of Sentry: what happened, where, in which surroundings and after what.
// Source: develop.sentry.dev, SDK › Transport › Event Payloads.
import { hostname, release as osRelease, type as osType } from "node:os";
import process from "node:process";
import type { Report } from "../parts/capture.ts";
import { cleanFields, type Plain } from "../parts/clean.ts";
import type { Mask } from "../parts/mask.ts";
import type { KeptCrumb } from "./crumb.ts";
import { sdk } from "./envelope.ts";
import { type Exception, exceptionsOf } from "./exceptions.ts";
import { fingerprintOf } from "./fingerprint.ts";

export type EventLevel = "fatal" | "error" | "warning" | "info" | "debug";

type PlainFields = Readonly<Record<string, Plain>>;

/** What is sent of every event: feedback has these, too. */
export interface EventBase {
  readonly event_id: string;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  readonly platform: "node";
  readonly level: EventLevel;
  readonly server_name: string;
  readonly release?: string;
  readonly environment?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly contexts: Readonly<Record<string, PlainFields>>;
  readonly sdk: typeof sdk;
}

export interface SentryEvent extends EventBase {
  readonly exception: { readonly values: readonly Exception[] };
  readonly fingerprint: readonly string[];
  readonly extra: PlainFields;
  readonly breadcrumbs: readonly KeptCrumb[];
}

/** The trace that was under way, as `contexts.trace`. */
export interface Trace {
  /** 32 hexadecimal digits, and 16. */
  readonly traceId: string;
  readonly spanId: string;
}

export interface EventSettings {
  readonly release?: string;
  readonly environment?: string;
  readonly serverName?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly mask: Mask;
  readonly root: string;
  /** Milliseconds since the Unix epoch; when the app started. */
  readonly startedAt: number;
  readonly app?: string;
}

export interface Around {
  readonly eventId: string;
  readonly crumbs: readonly KeptCrumb[];
  readonly trace?: Trace | undefined;
}

export function eventOf(report: Report, around: Around, settings: EventSettings): SentryEvent {
  const { error, fatal, source, context } = report;
  const { mask, root } = settings;
  const values = exceptionsOf(error, { mask, root, handled: !fatal });
  const at = Date.parse(report.time);
  const base = baseOf(around.eventId, at, fatal ? "fatal" : "error", settings);
  const { traceId, spanId } = around.trace ?? {};
  const trace = traceId && spanId ? { trace: { trace_id: traceId, span_id: spanId } } : {};
  return {
    ...base,
    tags: { source: mask.text(source).slice(0, 200), ...base.tags },
    contexts: { ...base.contexts, ...trace },
    exception: { values },
    fingerprint: fingerprintOf(values),
    extra: cleanFields(context, mask),
    breadcrumbs: around.crumbs.map((crumb) => masked(crumb, mask)),
  };
}

export function baseOf(
  eventId: string,
  at: number,
  level: EventLevel,
  settings: EventSettings,
): EventBase {
  const { release, environment, tags, app } = settings;
  return {
    event_id: eventId,
    timestamp: at / 1_000,
    platform: "node",
    level,
    server_name: settings.serverName ?? hostname(),
    ...(release !== undefined && { release }),
    ...(environment !== undefined && { environment }),
    tags,
    contexts: {
      runtime: { name: "node", version: process.version },
      os: { name: osType(), kernel_version: osRelease() },
      app: {
        ...(app !== undefined && { app_name: app }),
        app_start_time: new Date(settings.startedAt).toISOString(),
        app_memory: process.memoryUsage.rss(),
      },
    },
    sdk,
  };
}

function masked(crumb: KeptCrumb, mask: Mask): KeptCrumb {
  const { message, data } = crumb;
  if (data === undefined) return { ...crumb, message: mask.text(message) };
  // It was plain before and stays so: cleaning makes no lists or objects of what is none.
  const clean = cleanFields(data, mask) as NonNullable<KeptCrumb["data"]>;
  return { ...crumb, message: mask.text(message), data: clean };
}

/** Sentry refuses an event of more than 1 MiB. */
const largest = 1_000_000;

/** The event on one line; what is too large of it is left out, the least needed first. */
export function fitted(event: SentryEvent): string {
  const whole = JSON.stringify(event);
  if (Buffer.byteLength(whole) <= largest) return whole;
  const bytes = Buffer.byteLength(JSON.stringify(event.extra));
  const extra = { left_out: `${bytes} bytes: the event was too large` };
  const lean = JSON.stringify({ ...event, extra });
  if (Buffer.byteLength(lean) <= largest) return lean;
  return JSON.stringify({ ...event, extra, breadcrumbs: [] });
}
