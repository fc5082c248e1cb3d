// What a heartbeat may be told, what it answers, and its defaults.
import { anything, called, checkOptions, count } from "../../policies/options.ts";
import type { HealthView } from "../parts/health.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import type { HostFacts } from "./heartbeat-body.ts";
import { checkGiven, invalid } from "./secret.ts";
import type { Fetch } from "./send.ts";

export interface HeartbeatOptions extends Partial<Surroundings> {
  /** `https://hc-ping.com/UUID`, `…/PING-KEY/SLUG?create=1`, or any other that takes a POST. A secret. */
  readonly url: string;
  /** Milliseconds for one attempt. Default 10,000. */
  readonly timeoutMs?: number;
  /** Attempts after the first. Default 5. */
  readonly retries?: number;
  /** Milliseconds for all attempts and the pauses between them. Default 120,000. */
  readonly totalMs?: number;
  /** Milliseconds from one ping to the next, at most. Default 300,000. Hosted checks take 5 a minute. */
  readonly everyMs?: number;
  /** Sent instead of host, uptime and health; cut at 10,000 bytes. */
  readonly body?: string | (() => string);
  /** Summed up in one line of the body. */
  readonly health?: Pick<HealthView, "list">;
  /** Asked by `start()` before each ping: true makes it a `/fail`. Default: never. */
  readonly isFailing?: () => boolean;
  /** Default: this machine. */
  readonly host?: () => HostFacts;
  readonly fetch?: Fetch;
}

/** An exit code of 0 to 255 is told as `/CODE`: 0 is good, all others are failures. */
export type PingKind = "ok" | "start" | "fail" | "log" | number;

export interface SendOptions {
  readonly body?: string;
  /** A UUID that joins a start and its end where runs overlap. */
  readonly rid?: string;
  readonly signal?: AbortSignal;
}

export interface Sent {
  readonly ok: boolean;
  readonly attempts: number;
  readonly tookMs: number;
  /** Why it was not taken. */
  readonly reason?: string;
  /** The address or the request is wrong: another time will not help. */
  readonly wrong?: boolean;
}

export interface Settled {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly totalMs: number;
  readonly everyMs: number;
  readonly fetch: Fetch;
}

const dayMs = 86_400_000;

/** @throws OPTION_INVALID; the address, which is a secret, is looked at elsewhere. */
export function settle(options: HeartbeatOptions): Settled {
  checkGiven("heartbeat", options);
  checkOptions<HeartbeatOptions>("heartbeat", options, {
    url: anything,
    timeoutMs: count(1, 3_600_000),
    retries: count(0, 100),
    totalMs: count(1, dayMs),
    everyMs: count(100, 30 * dayMs),
    body: textOrFunction,
    health: anything,
    isFailing: called,
    host: called,
    fetch: called,
    clock: anything,
    random: called,
    log: anything,
  });
  const { timeoutMs = 10_000, retries = 5, totalMs = 120_000, everyMs = 300_000 } = options;
  return { timeoutMs, retries, totalMs, everyMs, fetch: options.fetch ?? globalThis.fetch };
}

/** @throws OPTION_INVALID */
export function checkKind(kind: PingKind, rid: string | undefined): void {
  const words: readonly unknown[] = ["ok", "start", "fail", "log"];
  const isCode = Number.isInteger(kind) && (kind as number) >= 0 && (kind as number) <= 255;
  if (!isCode && !words.includes(kind)) {
    const got = JSON.stringify(kind);
    throw invalid(
      `heartbeat: expected ok, start, fail, log or an exit code of 0 to 255, got ${got}`,
    );
  }
  if (rid !== undefined && !/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(rid)) {
    throw invalid(`heartbeat: rid must be a UUID, got ${JSON.stringify(rid)}`);
  }
}

function textOrFunction(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "function"
    ? undefined
    : "a text or a function";
}
