// What wrk says of one round of load, and what the proxy spent on it.
import { execute, type Started } from "./stage.ts";

export interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };

export async function load(
  port: number,
  proxy: Pick<Started, "cpuMs">,
  options: {
    readonly connections: number;
    readonly seconds: number;
    /** In Lua, for wrk. */
    readonly script?: string;
  },
): Promise<Round> {
  const { connections, seconds, script } = options;
  const before = proxy.cpuMs();
  const args = [
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--latency",
    ...(script === undefined ? [] : ["-s", script]),
    `http://127.0.0.1:${port}/`,
  ];
  const { stdout } = await execute("wrk", args, { timeout: (seconds + 30) * 1_000 });
  const spentMs = proxy.cpuMs() - before;
  const total = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    stdout,
  );
  const others = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN),
    cpuUs: (spentMs * 1_000) / total,
    p50Ms: latency(stdout, "50%"),
    p99Ms: latency(stdout, "99%"),
    failed: others + (errors?.slice(1).reduce((sum, count) => sum + Number(count), 0) ?? 0),
  };
}

function latency(text: string, share: string): number {
  const [, value = "NaN", unit = "ms"] =
    new RegExp(`${share}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value) * (units[unit] ?? Number.NaN);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
