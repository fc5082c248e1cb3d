// Hands errors to a @sentry/node that the app has initialised itself; known by its shape only.
import { once } from "node:events";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Report, Reporter } from "../parts/capture.ts";
import { cleanFields } from "../parts/clean.ts";
import { createMask, type Mask } from "../parts/mask.ts";
import { type AddCrumb, kept } from "./crumb.ts";
import { createTold, type EventIds } from "./told.ts";

/** What is used of the SDK (@sentry/node 8 to 10). */
export interface SentrySdk {
  captureException(
    error: unknown,
    context: {
      readonly level: "fatal" | "error";
      readonly tags: Readonly<Record<string, string>>;
      readonly extra: Readonly<Record<string, unknown>>;
    },
  ): string;
  addBreadcrumb(crumb: {
    readonly timestamp: number;
    readonly category: string;
    readonly level: "debug" | "info" | "warning" | "error" | "fatal";
    readonly message: string;
    readonly data?: Record<string, unknown>;
  }): void;
  /** False when something was left after so many milliseconds. */
  flush(limitMs?: number): PromiseLike<boolean>;
  close(limitMs?: number): PromiseLike<boolean>;
}

export interface SentrySdkReporter extends Reporter, EventIds {
  /** For `crumbSink` and `crumbListener`: lines and events become the SDK's own breadcrumbs. */
  readonly addCrumb: AddCrumb;
  /** Rejects when the SDK tells that something was left. */
  flush(signal: AbortSignal): Promise<void>;
  /** Sends what is left and ends the SDK; true when all has left. 1,000 ms unless told otherwise. */
  close(limitMs?: number): Promise<boolean>;
}

const flushLimitMs = 2_000;

/**
 * Sampling, masking of its own integrations, limits and the queue stay the SDK's. What the app gives
 * as context is masked here before.
 * @throws OPTION_INVALID when `sdk` lacks one of the four functions.
 */
export function sentrySdkReporter(
  sdk: SentrySdk,
  {
    mask = createMask(),
    clock = systemClock,
  }: { readonly mask?: Mask; readonly clock?: Clock } = {},
): SentrySdkReporter {
  for (const name of ["captureException", "addBreadcrumb", "flush", "close"] as const) {
    if (typeof sdk?.[name] === "function") continue;
    const message = `sentrySdkReporter: the sdk has no ${name}; give it the module @sentry/node`;
    throw new HomeostatError("OPTION_INVALID", message);
  }
  const told = createTold();
  return {
    name: "sentry-sdk",
    capture: ({ error, source, fatal, context }: Report) => {
      const level = fatal ? "fatal" : "error";
      const extra = cleanFields(context, mask);
      const id = sdk.captureException(error, { level, tags: { source }, extra });
      if (typeof id === "string" && id !== "") told.add(error, id);
    },
    addCrumb: (crumb) => {
      const { data, ...rest } = kept(crumb, clock.wall());
      const message = mask.text(rest.message);
      sdk.addBreadcrumb({
        ...rest,
        message,
        ...(data && { data: { ...cleanFields(data, mask) } }),
      });
    },
    flush: async (signal) => {
      if (signal.aborted) return;
      const all = await Promise.race([sdk.flush(flushLimitMs), once(signal, "abort")]);
      if (all === false) throw new Error(`not all reports had left after ${flushLimitMs} ms`);
    },
    close: async (limitMs = 1_000) => sdk.close(limitMs),
    lastEventId: told.lastEventId,
    eventIdOf: told.eventIdOf,
  };
}
