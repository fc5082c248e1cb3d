// Checks a Redis server (or Valkey, KeyDB, Dragonfly) by PING over a connection of its own.
import type { Check } from "../../parts/health.ts";
import { converse, type Place } from "./conversation.ts";

export interface RedisCheckOptions extends Place {
  /** Default 6379. */
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Healthy when PING is answered with PONG, or with NOAUTH, as where no password was given: that server
 * is there. Every other error is unhealthy in the server's own words: LOADING, MISCONF, MASTERDOWN.
 */
export function redisCheck(options: RedisCheckOptions = {}): Check {
  const { password, username } = options;
  const words = username === undefined ? [] : [username];
  const login = password === undefined ? "" : command("AUTH", ...words, password);
  const replies = password === undefined ? 1 : 2;
  const hello = Buffer.from(login + command("PING"));
  return ({ signal }) =>
    converse({
      to: { port: 6379, ...options },
      signal,
      hello,
      goodbye: Buffer.from(command("QUIT")),
      hear: (heard) => judge(heard, replies),
    });
}

function judge(heard: Buffer, replies: number): true | undefined {
  const text = heard.toString("latin1");
  if (!/^[+-]/.test(text)) throw new Error("the answer is not Redis");
  const lines = text.split("\r\n", replies + 1);
  for (const line of lines.slice(0, -1)) {
    if (line.startsWith("+")) continue;
    if (line.startsWith("-NOAUTH")) return true;
    throw new Error(`Redis answered: ${line.slice(1)}`);
  }
  return lines.length > replies ? true : undefined;
}

/** As an array of bulk strings, which no password can break out of. */
function command(...words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}
