// Reports errors to Sentry, or to whatever speaks its protocol, with nothing but the platform's fetch.
import process from "node:process";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import {
  anything,
  called,
  checkOptions,
  count,
  finiteAbove,
  named,
} from "../../policies/options.ts";
import type { Report, Reporter } from "../parts/capture.ts";
import { createMask, type Mask } from "../parts/mask.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import type { Breadcrumbs } from "./breadcrumbs.ts";
import { createDelivery, type Delivery, type DeliveryFigures } from "./delivery.ts";
import { parseDsn } from "./dsn.ts";
import { type EventSettings, eventOf, fitted, type SentryEvent, type Trace } from "./event.ts";
import { type Feedback, feedbackEvent } from "./feedback.ts";
import { eventId as newId } from "./ids.ts";
import type { Fetch } from "./post.ts";
import { createTold, type EventIds } from "./told.ts";

export type { DeliveryFigures } from "./delivery.ts";
export type { SentryEvent, Trace } from "./event.ts";
export type { Feedback } from "./feedback.ts";
export type { Fetch } from "./post.ts";

export interface SentryOptions {
  /** `https://KEY@HOST/PROJECT`; a secret, which the log never shows. */
  readonly dsn: string;
  /** The app's version, as `shop@1.2.3`. */
  readonly release?: string;
  /** `production`, `staging`. */
  readonly environment?: string;
  readonly serverName?: string;
  /** The app's name in its context. */
  readonly app?: string;
  /** Of every event; names of 32 and values of 200 characters at most. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly breadcrumbs?: Pick<Breadcrumbs, "list">;
  /** The trace that is under way, when there is one. */
  readonly trace?: () => Trace | undefined;
  /** Changes an event or drops it (null). One that throws drops it, too: it may be what masks. */
  readonly beforeSend?: (event: SentryEvent, report: Report) => SentryEvent | null;
  /** The share of errors that is sent, 0 to 1; default 1. */
  readonly sampleRate?: number;
  /** Events that may wait or be on their way; more are dropped and counted. Default 100. */
  readonly queue?: number;
  /** Milliseconds one attempt to send may take; default 5,000. */
  readonly timeoutMs?: number;
  /** Masks every text that leaves; default: what the log masks by name and shape. */
  readonly mask?: Mask;
  /** The app's folder, to which paths are relative; default the working folder. */
  readonly root?: string;
  readonly fetch?: Fetch;
}

export interface SentryReporter extends Reporter, EventIds {
  /** Never throws. */
  capture(report: Report): void;
  /** Sends what a person wrote; false when it was given up. Never throws. */
  feedback(feedback: Feedback): boolean;
  /**
   * Sends what waits and tells Sentry what was dropped. When `signal` aborts what is left is given up
   * and counted. Never rejects.
   */
  flush(signal: AbortSignal): Promise<void>;
  figures(): DeliveryFigures;
}

const mostTags = 50;

/**
 * Speaks the envelope protocol as develop.sentry.dev describes it (SDK › Transport; read there in the
 * versions of 2025 and 2026), held against what @sentry/node 10.78.0 sends. One ticket per issue: see
 * {@link fingerprintOf}. While a rate limit lasts events are dropped and counted, as the protocol asks.
 * @throws OPTION_INVALID for a bad DSN, naming what is wrong with it and not the DSN.
 */
export function sentryReporter(options: SentryOptions & Partial<Surroundings>): SentryReporter {
  check(options);
  const { clock, random, log } = surroundings(options);
  const { mask = createMask(), sampleRate = 1, beforeSend, trace, breadcrumbs } = options;
  const dsn = parseDsn(options.dsn, "sentryReporter");
  for (const secret of dsn.secrets) mask.add(secret);
  const { fetch = globalThis.fetch as Fetch, queue = 100, timeoutMs = 5_000 } = options;
  const delivery = createDelivery({ dsn, fetch, clock, random, log, most: queue, timeoutMs });
  const settings = settingsOf(options, mask, clock.wall());
  const told = createTold();

  const send = (report: Report): void => {
    if (random() >= sampleRate) {
      delivery.discard("sample_rate", "error");
      return;
    }
    const crumbs = breadcrumbs?.list() ?? [];
    const made = eventOf(report, { eventId: newId(), crumbs, trace: trace?.() }, settings);
    const event = beforeSend ? asked(() => beforeSend(made, report), log) : made;
    if (event === null) {
      delivery.discard("before_send", "error");
      return;
    }
    // The id is ours: it is what a person was shown.
    const eventId = made.event_id;
    const payload = fitted({ ...event, event_id: eventId });
    const items = [{ type: "event", category: "error", payload } as const];
    if (delivery.send({ eventId, items }, "error")) told.add(report.error, eventId);
  };

  return {
    name: "sentry",
    capture: (report) => guarded(() => send(report), delivery, "error", log),
    feedback: (given) =>
      guarded(
        () => {
          const eventId = newId();
          const event = feedbackEvent(given, { eventId, at: clock.wall() }, settings);
          const payload = JSON.stringify(event);
          const items = [{ type: "feedback", category: "feedback", payload } as const];
          return delivery.send({ eventId, items }, "feedback");
        },
        delivery,
        "feedback",
        log,
      ) ?? false,
    flush: (signal) => delivery.flush(signal),
    figures: () => delivery.figures(),
    lastEventId: told.lastEventId,
    eventIdOf: told.eventIdOf,
  };
}

/** An error about an error must not come up where the first one is handled. */
function guarded<T>(
  work: () => T,
  delivery: Delivery,
  category: "error" | "feedback",
  log: Log,
): T | undefined {
  try {
    return work();
  } catch (error) {
    delivery.discard("internal_sdk_error", category);
    log.warn("an error could not be made into a report for Sentry", { error });
    return undefined;
  }
}

function asked(beforeSend: () => SentryEvent | null, log: Log): SentryEvent | null {
  try {
    const event = beforeSend();
    if (event === null || (typeof event === "object" && "exception" in event)) return event;
    log.warn("beforeSend must answer an event or null at once: the event is dropped");
  } catch (error) {
    log.warn("beforeSend failed: the event is dropped", { error });
  }
  return null;
}

function settingsOf(options: SentryOptions, mask: Mask, now: number): EventSettings {
  const { release, environment, serverName, app, tags = {}, root = process.cwd() } = options;
  const short = Object.entries(tags)
    .slice(0, mostTags)
    .map(([name, value]) => [name.slice(0, 32), mask.text(String(value)).slice(0, 200)] as const);
  return {
    ...(release !== undefined && { release }),
    ...(environment !== undefined && { environment }),
    ...(serverName !== undefined && { serverName }),
    ...(app !== undefined && { app }),
    tags: Object.fromEntries(short),
    mask,
    root,
    startedAt: Math.round(now - process.uptime() * 1_000),
  };
}

function check(options: SentryOptions & Partial<Surroundings>): void {
  // A DSN in the place of the options must not stand in the message.
  if (typeof options !== "object" || options === null) {
    throw new HomeostatError("OPTION_INVALID", "sentryReporter: expected options, as { dsn }");
  }
  checkOptions("sentryReporter", options, {
    dsn: anything,
    release: named,
    environment: named,
    serverName: named,
    app: named,
    tags: anything,
    breadcrumbs: anything,
    trace: called,
    beforeSend: called,
    sampleRate: (value) =>
      typeof value === "number" && value >= 0 && value <= 1 ? undefined : "from 0 to 1",
    queue: count(1, 10_000),
    timeoutMs: finiteAbove(0),
    mask: anything,
    root: named,
    fetch: called,
    clock: anything,
    random: called,
    log: anything,
  });
}
