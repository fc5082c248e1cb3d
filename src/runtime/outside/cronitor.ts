// The watchdog's roll as telemetry of cronitor: how many live, how many are missing, on which host.
import { hostname } from "node:os";
import { anything, called, checkOptions, count, oneOf } from "../../policies/options.ts";
import type { Roll, RollReporter } from "../parts/roll.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { checkGiven, secretAddress, secretText, under, unsaid } from "./secret.ts";
import { type Fetch, send } from "./send.ts";
import { tellingReporter } from "./telling.ts";

export interface CronitorOptions extends Partial<Surroundings> {
  /** The API key; one with the right `monitor:telemetry` is enough. */
  readonly key: string;
  /** The key of the monitor; cronitor makes one that is not there yet. */
  readonly monitor: string;
  /** Default: the name of this machine. */
  readonly host?: string;
  /** Such as "production". */
  readonly env?: string;
  /** What a good roll is told as: "ok", or "complete" for a monitor of kind job. Default "ok". */
  readonly good?: "ok" | "complete";
  /** Default `https://cronitor.link`; `https://eu.cronitor.link` for accounts in the EU. */
  readonly url?: string;
  /** Milliseconds from one telling to the next; a change is told at once. Default 60,000. */
  readonly everyMs?: number;
  readonly fetch?: Fetch;
}

const timeoutMs = 5_000;
const mostMessage = 2_000;

/**
 * `GET /p/KEY/MONITOR?state=ok|fail&host=…&metric=count:N&metric=error_count:N`, and the missing in
 * `message` (cronitor.io/docs/telemetry-api). Cronitor answers 200 to a wrong key too: look there
 * once whether it arrives.
 * @throws OPTION_INVALID now, when the key or the monitor is missing: never in the watchdog's turn.
 */
export function cronitorReporter(options: CronitorOptions): RollReporter {
  checkCronitor(options);
  const { clock } = surroundings(options);
  const { fetch = globalThis.fetch, everyMs = 60_000, good = "ok", env } = options;
  const key = secretText("cronitor", "key", options.key);
  const base = secretAddress("cronitor", "url", options.url ?? "https://cronitor.link");
  const address = under(
    base,
    `/p/${encodeURIComponent(key)}/${encodeURIComponent(options.monitor)}`,
  );
  const host = options.host ?? hostname();
  const way = { fetch, clock, unsaid: unsaid([key, address.pathname]) };

  const query = ({ state, count: alive, missing }: Roll): URLSearchParams => {
    const params = new URLSearchParams({ state: state === "ok" ? good : "fail", host });
    params.append("metric", `count:${alive}`);
    params.append("metric", `error_count:${missing.length}`);
    if (env !== undefined) params.append("env", env);
    const message = `missing: ${missing.join(", ")}`.slice(0, mostMessage);
    if (missing.length > 0) params.append("message", message);
    return params;
  };
  return tellingReporter({
    ...{ name: "cronitor", everyMs, clock },
    what: `cronitor monitor ${options.monitor} at ${base.host}`,
    tell: (roll, signal) => {
      const url = new URL(address);
      url.search = query(roll).toString();
      return send(way, url, { headers: { "user-agent": "homeostat" } }, timeoutMs, signal);
    },
  });
}

function checkCronitor(options: CronitorOptions): void {
  checkGiven("cronitor", options);
  checkOptions<CronitorOptions>("cronitor", options, {
    key: anything,
    monitor: anything,
    host: visible,
    env: visible,
    good: oneOf("ok", "complete"),
    url: anything,
    everyMs: count(1_000, 86_400_000),
    fetch: called,
    clock: anything,
    random: called,
    log: anything,
  });
  // Not given at all is no value to check, and the one mistake that must not wait for a turn.
  secretText("cronitor", "monitor", options.monitor);
}

function visible(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 && value.length <= 200
    ? undefined
    : "a text of 1 to 200 characters";
}
