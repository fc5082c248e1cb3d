// One ping on its way: attempts with growing pauses, within one limit for all of it.
import { backoff } from "../../policies/retry/backoff.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { bounded } from "./heartbeat-body.ts";
import type { PingKind, Sent, Settled } from "./heartbeat-options.ts";
import { type SecretAddress, under, unsaid } from "./secret.ts";
import { type NotTaken, type Outcome, send, type Way } from "./send.ts";

export interface Ping {
  readonly kind: PingKind;
  readonly body: string;
  readonly rid?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Delivery {
  /** One attempt. */
  once(ping: Ping, limitMs: number): Promise<Outcome>;
  /** With its retries; `holds` says whether a pause between them keeps the process alive. */
  whole(ping: Ping, holds: boolean): Promise<Sent>;
}

/** The waits of `curl --retry`: 1, 2, 4, 8, 16 s, the upper half of each by chance. */
const pauseOf = backoff({ baseMs: 1_000, maxMs: 30_000, jitter: "equal" });
const never = new AbortController().signal;
const headers = { "content-type": "text/plain; charset=utf-8", "user-agent": "homeostat" };

export function createDelivery(
  address: SecretAddress,
  { timeoutMs, retries, totalMs, fetch }: Settled,
  { clock, random }: Surroundings,
): Delivery {
  const way: Way = { fetch, clock, unsaid: unsaid(address.secrets) };

  const once = async (ping: Ping, limitMs: number): Promise<Outcome> => {
    const url = under(address, ping.kind === "ok" ? "" : `/${ping.kind}`);
    if (ping.rid !== undefined) url.searchParams.set("rid", ping.rid);
    const init = { method: "POST", headers, body: bounded(ping.body) };
    return unheard(await send(way, url, init, limitMs, ping.signal));
  };
  const pause = (ms: number, holds: boolean, signal = never): Promise<boolean> => {
    if (!holds) return wait(clock, ms, signal);
    return clock.sleep(ms, signal).then(
      () => true,
      () => false,
    );
  };
  const whole = async (ping: Ping, holds: boolean): Promise<Sent> => {
    const startedAt = clock.now();
    const endsAt = startedAt + totalMs;
    for (let attempts = 1; ; attempts += 1) {
      const limitMs = Math.min(timeoutMs, Math.max(1, endsAt - clock.now()));
      const outcome = await once(ping, limitMs);
      const tookMs = Math.round(clock.now() - startedAt);
      if (outcome.ok) return { ok: true, attempts, tookMs };
      const own = pauseOf(attempts - 1, { last: 0 }, random);
      const pauseMs = Math.max(own, outcome.retryAfterMs ?? 0);
      const again = outcome.retryable && attempts <= retries && clock.now() + pauseMs < endsAt;
      if (again && (await pause(pauseMs, holds, ping.signal))) continue;
      return { ok: false, attempts, tookMs, reason: outcome.reason, wrong: !outcome.retryable };
    }
  };
  return { once, whole };
}

/** Under a UUID, hc-ping.com answers 200 also to a check it does not know, and to a ping it leaves out. */
function unheard(outcome: Outcome): Outcome {
  if (!outcome.ok) return outcome;
  const [, why] = /^OK \((not found|rate limited)\)/.exec(outcome.text) ?? [];
  if (why === undefined) return outcome;
  const refused: Pick<NotTaken, "ok" | "status" | "text"> = { ...outcome, ok: false, status: 200 };
  return why === "not found"
    ? { ...refused, reason: "there is no such check", retryable: false }
    : { ...refused, reason: "more pings than the check takes", retryable: true };
}
