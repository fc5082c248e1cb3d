// The ping of a dead man's switch outside: whoever no longer hears it raises the alarm.
import { messageOf } from "../../kernel/errors.ts";
import type { Roll, RollReporter } from "../parts/roll.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { healthLine, hostLine, rollLine, systemHost } from "./heartbeat-body.ts";
import { createDelivery } from "./heartbeat-delivery.ts";
import {
  checkKind,
  type HeartbeatOptions,
  type PingKind,
  type SendOptions,
  type Sent,
  settle,
} from "./heartbeat-options.ts";
import { createOutage } from "./outage.ts";
import { secretAddress, unsaid } from "./secret.ts";
import { tellingReporter } from "./telling.ts";

export interface Heartbeat {
  /** The host that hears it: all of the address that may be shown. */
  readonly host: string;
  /**
   * Once, with its retries; the process stays alive for it. What is not taken is told by the answer.
   * @throws OPTION_INVALID for a kind or a rid that cannot be
   */
  send(kind?: PingKind, options?: SendOptions): Promise<Sent>;
  /**
   * At intervals, the first within 30 s, until the answer is disposed of; between pings nothing of it
   * keeps the process alive. Started twice it still is one.
   */
  start(): Disposable;
  /** For the watchdog: a roll that fails is told as `/fail` within 15 s, a good one at the interval. */
  reporter(): RollReporter;
}

const firstWithinMs = 30_000;
const reporterLimitMs = 5_000;

/**
 * Speaks as healthchecks.io asks (healthchecks.io/docs/http_api): POST to the address for "all is
 * well", with `/start`, `/fail`, `/log` or an exit code behind it for the rest; the body is kept for
 * people to read. 408, 429 (after Retry-After), 5xx and a network that fails are tried again.
 * @throws OPTION_INVALID
 */
export function heartbeatPing(options: HeartbeatOptions): Heartbeat {
  const settled = settle(options);
  const around = surroundings(options);
  const address = secretAddress("heartbeat", "url", options.url);
  const what = `heartbeat to ${address.host}`;
  const delivery = createDelivery(address, settled, around);
  const { everyMs } = settled;
  let running: AbortController | undefined;

  /** Somebody's own function may throw; the ping is worth more than its words. */
  const said = <T>(ask: () => T, otherwise: T): T => {
    try {
      return ask();
    } catch (error) {
      const why = unsaid(address.secrets)(messageOf(error));
      around.log.warn(`${what}: it cannot say how the app is: ${why}`);
      return otherwise;
    }
  };
  const body = (roll?: Roll): string => said(() => bodyOf(options, roll), "");
  const ping = (signal: AbortSignal): Promise<Sent> => {
    const fails = said(() => options.isFailing?.() ?? false, true);
    return delivery.whole({ kind: fails ? "fail" : "ok", body: body(), signal }, false);
  };

  return {
    host: address.host,
    send: async (kind = "ok", { body: text, rid, signal } = {}) => {
      checkKind(kind, rid);
      return delivery.whole({ kind, body: text ?? body(), rid, signal }, true);
    },
    start: () => {
      const mine = running ?? new AbortController();
      if (!running) void beat(everyMs, what, around, mine.signal, ping);
      running = mine;
      const end = (): void => {
        mine.abort();
        if (running === mine) running = undefined;
      };
      return { [Symbol.dispose]: end };
    },
    reporter: () =>
      tellingReporter({
        ...{ name: "heartbeat", what, everyMs, clock: around.clock },
        tell: (roll, signal) =>
          delivery.once({ kind: roll.state, body: body(roll), signal }, reporterLimitMs),
      }),
  };
}

async function beat(
  everyMs: number,
  what: string,
  { clock, random, log }: Surroundings,
  signal: AbortSignal,
  ping: (signal: AbortSignal) => Promise<Sent>,
): Promise<void> {
  const outage = createOutage(log, what);
  let pauseMs = random() * Math.min(everyMs, firstWithinMs);
  while (await wait(clock, pauseMs, signal)) {
    const { ok, reason = "", attempts, tookMs } = await ping(signal);
    if (signal.aborted) return;
    if (ok) outage.worked();
    else outage.failed(`${reason} (attempt ${attempts})`);
    // A fleet that was started at once does not ping at once for ever; none is later than promised.
    pauseMs = Math.max(everyMs * (0.9 + random() / 10) - tookMs, everyMs / 10);
  }
}

function bodyOf({ body, host = systemHost, health }: HeartbeatOptions, roll?: Roll): string {
  if (body !== undefined) return typeof body === "string" ? body : body();
  const lines = [hostLine(host())];
  if (health) lines.push(healthLine(health));
  if (roll) lines.push(rollLine(roll));
  return lines.join("\n");
}
