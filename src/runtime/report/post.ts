// One attempt to hand an envelope to Sentry over HTTP, in time or not at all.
import { once } from "node:events";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Dsn } from "./dsn.ts";
import { client, type Envelope, packed, serialize } from "./envelope.ts";
import type { Limits, ResponseHeaders } from "./limits.ts";
import type { Voice } from "./voice.ts";

/** What is used of the platform's `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array<ArrayBuffer>;
    readonly signal: AbortSignal;
    readonly redirect: "manual";
  },
) => Promise<{
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body?: { cancel(): Promise<void> } | null;
}>;

/**
 * "limited": Sentry has counted it itself. "refused": another attempt makes nothing better.
 * "failed": no answer, or an answer that may be another one the next time.
 */
export type Outcome = "done" | "limited" | "refused" | "failed";

/** Never rejects. */
export type Post = (envelope: Envelope, signal: AbortSignal) => Promise<Outcome>;

export function createPost(options: {
  readonly dsn: Dsn;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly limits: Limits;
  readonly voice: Voice;
  readonly log: Log;
}): Post {
  const { dsn, clock, limits, voice, log } = options;

  const ask = async (envelope: Envelope, signal: AbortSignal): Promise<number> => {
    const sentAt = new Date(clock.wall()).toISOString();
    const { body, headers } = await packed(serialize(envelope, sentAt));
    signal.throwIfAborted();
    const answer = await Promise.race([
      options.fetch(dsn.url, {
        method: "POST",
        headers: {
          "content-type": "application/x-sentry-envelope",
          "user-agent": client,
          // Not in the address, which proxies write to their logs.
          "x-sentry-auth": dsn.auth(client),
          ...headers,
        },
        body: new Uint8Array(body),
        signal,
        redirect: "manual",
      }),
      // A fetch that does not hear the signal holds up nothing either.
      once(signal, "abort").then(() => Promise.reject(signal.reason)),
    ]);
    // Nothing in the answer is needed; left unread it would hold its connection.
    answer.body?.cancel().catch((error: unknown) => {
      log.debug("an answer of Sentry could not be left unread", { error: messageOf(error) });
    });
    limits.learn(answer.status, answer.headers);
    return answer.status;
  };

  return async (envelope, signal) => {
    const limit = deadline(clock, options.timeoutMs, signal);
    try {
      const status = await ask(envelope, limit.signal);
      const outcome = outcomeOf(status);
      if (outcome === "done") voice.worked();
      else if (outcome !== "limited") voice.failed(`it answered ${status}`);
      return outcome;
    } catch (error) {
      voice.failed(messageOf(error));
      return "failed";
    } finally {
      limit.done();
    }
  };
}

function outcomeOf(status: number): Outcome {
  if (status === 429) return "limited";
  if (status >= 200 && status < 300) return "done";
  return status < 500 ? "refused" : "failed";
}
