// What a web app answers when it fails: captured once, a page that helps, and an ear for the person.
import { STATUS_CODES } from "node:http";
import { inProduction } from "../../kernel/environment.ts";
import { messageOf } from "../../kernel/errors.ts";
import { anything, called, checkOptions, flag, named } from "../../policies/options.ts";
import type { Capture } from "../parts/capture.ts";
import { createMask, type Mask } from "../parts/mask.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { prefersHtml } from "./accept.ts";
import { type ErrorAnswer, pageAnswer, problemAnswer, statusOf } from "./answer.ts";
import {
  type ExpressErrors,
  type FastifyErrors,
  type HonoErrors,
  intoExpress,
  intoFastify,
  intoHono,
  type Listener,
  wrapped,
} from "./doors.ts";
import type { Feedback } from "./feedback.ts";
import { type FeedbackRoute, feedbackRoute } from "./feedback-route.ts";
import { eventId as newId } from "./ids.ts";
import { plainPath } from "./plain-path.ts";
import { sentryReporter } from "./sentry.ts";

export type { ErrorAnswer } from "./answer.ts";
export type { ExpressErrors, FastifyErrors, HonoErrors, Listener } from "./doors.ts";

export interface ErrorPageOptions {
  readonly capture: Capture;
  /** The id under which the reporter sent this error, as `sentry.eventIdOf`; else one of our own. */
  readonly eventId?: (error: unknown) => string | undefined;
  /** The heading; default "Something went wrong". */
  readonly title?: string;
  /** With it the page has a form, and what people write goes to this Sentry project. */
  readonly dsn?: string;
  /** Takes what people write in its place, as `sentry.feedback`; false for no form at all. An answer
   * of false says that it was not taken. */
  readonly feedback?: false | ((feedback: Feedback) => unknown);
  /** Where the form is sent; default `/error/feedback`. */
  readonly feedbackPath?: string;
  /** Shows the error and its stack; default false, and never when NODE_ENV is "production". */
  readonly details?: boolean;
  /** Masks secrets in what `details` shows. */
  readonly mask?: Mask;
}

export interface FailedRequest {
  readonly method: string;
  /** A query is left aside: it may hold what is secret. */
  readonly path: string;
  readonly accept?: string | undefined;
}

export interface ErrorPages {
  /**
   * Captures the error, unless it was captured before, and tells what to answer. An error that asks
   * for a status below 500 is the asker's: it is not captured.
   */
  answer(error: unknown, request: FailedRequest): ErrorAnswer;
  /** For `createServer(pages.wrap(listener))`: what it throws or rejects with is answered. */
  wrap(listener: Listener): Listener;
  /** Express 5; after all routes. Errors below 500 go on to Express. */
  express(app: ExpressErrors): void;
  /** Fastify 5; before the routes. Errors below 500 go on to Fastify. */
  fastify(app: FastifyErrors): void;
  /** Hono 4. Errors below 500 answer what they carry. */
  hono(app: HonoErrors): void;
  /** Waits until what people wrote has left; only with `dsn` it has something to wait for. */
  flush(signal: AbortSignal): Promise<void>;
}

const lead =
  "The fault is on our side. It has been recorded, and we will look into it. You may well find it working again in a moment.";

/** @throws OPTION_INVALID for a bad DSN or path. */
export function errorPages(options: ErrorPageOptions & Partial<Surroundings>): ErrorPages {
  check(options);
  const { clock, random, log } = surroundings(options);
  const { capture, title = "Something went wrong", mask = createMask() } = options;
  const sentry =
    options.feedback === undefined && options.dsn !== undefined
      ? sentryReporter({ dsn: options.dsn, mask, clock, random, log })
      : undefined;
  const tell = options.feedback === false ? undefined : (options.feedback ?? sentry?.feedback);
  const path = plainPath("errorPages", options.feedbackPath ?? "/error/feedback");
  const route: FeedbackRoute | undefined = tell && feedbackRoute({ path, tell, clock, log });

  const shown = (error: unknown): string | undefined => {
    if (options.details !== true || inProduction()) return undefined;
    return mask.text(error instanceof Error ? (error.stack ?? messageOf(error)) : String(error));
  };

  const answer = (error: unknown, request: FailedRequest): ErrorAnswer => {
    const status = statusOf(error);
    const html = prefersHtml(request.accept);
    if (status < 500) {
      if (!html) return problemAnswer(status);
      return pageAnswer(status, { title: STATUS_CODES[status] ?? "Error", lead: asked });
    }
    const where = { method: request.method, path: withoutQuery(request.path) };
    capture(error, "http", where);
    const eventId = options.eventId?.(error) ?? newId();
    // By the id somebody finds in the log what a person refers to. What is no error the log would
    // capture a second time.
    log[error instanceof Error ? "error" : "warn"]("a request failed", {
      eventId,
      ...where,
      error,
    });
    const stack = shown(error);
    if (!html) return problemAnswer(status, { eventId, ...(stack !== undefined && { stack }) });
    route?.expect(eventId);
    return pageAnswer(status, {
      title,
      lead,
      eventId,
      again: request.method === "GET",
      ...(route && { form: { action: route.path } }),
      ...(stack !== undefined && { details: stack }),
    });
  };

  return {
    answer,
    wrap: (listener) => wrapped(listener, answer, route),
    express: (app) => intoExpress(app, answer, route),
    fastify: (app) => intoFastify(app, answer, route),
    hono: (app) => intoHono(app, answer, route),
    flush: async (signal) => sentry?.flush(signal),
  };
}

const asked = "What was asked for cannot be answered as it was asked.";

function withoutQuery(path: string): string {
  return path.slice(0, 2_000).split("?", 1)[0] ?? "";
}

function check(options: ErrorPageOptions & Partial<Surroundings>): void {
  checkOptions("errorPages", options, {
    capture: called,
    eventId: called,
    title: named,
    dsn: anything,
    feedback: (value) =>
      value === false || typeof value === "function" ? undefined : "a function or false",
    feedbackPath: named,
    details: flag,
    mask: anything,
    clock: anything,
    random: called,
    log: anything,
  });
}
