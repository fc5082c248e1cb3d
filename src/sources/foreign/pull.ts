// Asks an address over HTTP: in time, with a bounded answer, and with the reason when there is none.

import { beginning, unansweredBecause } from "../../kernel/answered.ts";
import { type Clock, deadline } from "../../kernel/clock.ts";
import type { IntakeOptions } from "./intake.ts";

export interface PullOptions {
  /** "prometheus 1" */
  readonly name: string;
  readonly url: string;
  readonly everyMs: number;
  /** Whose all of it is; else `label` says it. */
  readonly service?: string;
  readonly label: string;
  readonly foreign: IntakeOptions;
  /** @throws with a reason for people */
  readonly ask: Ask;
}

export interface Pulled {
  readonly type: string;
  readonly text: string;
}

export type Ask = (url: string, accept: string, signal: AbortSignal) => Promise<Pulled>;

export function askOver(options: {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly bodyBytes: number;
  readonly token?: string;
}): Ask {
  const { clock, timeoutMs, bodyBytes, token } = options;
  return async (url, accept, signal) => {
    const limit = deadline(clock, timeoutMs, signal);
    const headers = {
      accept,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    try {
      const response = await fetch(url, { headers, signal: limit.signal });
      // One more than is taken, to know that there was more.
      const text = await beginning(response, bodyBytes + 1);
      if (!response.ok) throw new Error(`status ${response.status}: ${text.slice(0, 200).trim()}`);
      if (text.length > bodyBytes) throw new Error(`an answer of more than ${bodyBytes} bytes`);
      return { type: response.headers.get("content-type") ?? "", text };
    } catch (error) {
      throw new Error(unansweredBecause(error), { cause: error });
    } finally {
      limit.done();
    }
  };
}

/** Without what may be a secret: a user, a password, parameters. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
