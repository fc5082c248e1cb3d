// Plays the shop's customers: they come when they come (open loop) and every lost request counts.
import { Agent } from "node:http";
import { parseArgs } from "node:util";
import { chance, nextWish, send } from "./customers.ts";
import { createLedger } from "./ledger.ts";
import type { Snapshot } from "./tally.ts";

export type { Snapshot } from "./tally.ts";

const TIMEOUT_MS = 10_000;
const SWEEP_MS = 100;
const MAX_SOCKETS = 256;
/** Customers who would have come while this process itself stood still longer are left out. */
const MAX_CATCH_UP_MS = 2_000;

export interface LoadOptions {
  /** "http://127.0.0.1:8080" */
  readonly baseUrl: string;
  /** The mean of the Poisson process of arrivals. */
  readonly ratePerS: number;
  /** The same seed brings the same customers with the same wishes. */
  readonly seed: number;
  /** Ends the arrivals, as `stop` does. */
  readonly signal?: AbortSignal;
}

export interface Load {
  /** All since the start. */
  snapshot(): Snapshot;
  /** A point in the stream of arrivals, for `since`. */
  mark(): number;
  /** The requests that started after the mark; RangeError when over 65,536 have started since. */
  since(mark: number): Snapshot;
  /** No more arrivals; resolves when the last request has ended (at most 10 s later). */
  stop(): Promise<Snapshot>;
}

/** Starts at once. Latency counts from the moment the customer was due, not from the sending. */
export function startLoad({ baseUrl, ratePerS, seed, signal }: LoadOptions): Load {
  if (!(ratePerS > 0)) throw new RangeError(`ratePerS: expected a number > 0, got ${ratePerS}`);
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const random = chance(seed);
  const ledger = createLedger();
  let dueMs = performance.now();
  let arrivals: NodeJS.Timeout | undefined;

  const arrive = (dueMs: number): void => {
    const wish = nextWish(random);
    const number = ledger.open();
    const sent = send(baseUrl, wish, agent, (...got) => ledger.end(number, ...got));
    ledger.wait(number, { dueMs, safe: wish.order === undefined, sent });
  };

  // Timers are coarser than the gaps between customers: each tick starts all who are due by then.
  const tick = (): void => {
    const now = performance.now();
    dueMs = Math.max(dueMs, now - MAX_CATCH_UP_MS);
    while (dueMs <= now) {
      arrive(dueMs);
      dueMs -= (Math.log(1 - random()) / ratePerS) * 1_000;
    }
    arrivals = setTimeout(tick, Math.max(1, dueMs - now));
  };
  const sweep = setInterval(() => ledger.expire(performance.now() - TIMEOUT_MS), SWEEP_MS);
  const stop = async (): Promise<Snapshot> => {
    clearTimeout(arrivals);
    signal?.removeEventListener("abort", stop);
    await ledger.settled();
    clearInterval(sweep);
    agent.destroy();
    return ledger.snapshot();
  };
  if (signal?.aborted) void stop();
  else tick();
  signal?.addEventListener("abort", stop, { once: true });

  return { snapshot: ledger.snapshot, mark: ledger.mark, since: ledger.since, stop };
}

/** The figures as a small table for people. */
export function formatLoad({ latency, errors, ...counts }: Snapshot): string {
  const times = Object.entries(latency).map(([name, ms]) => [`${name} ms`, ms] as const);
  const rows = [...Object.entries(counts), ...times, ...Object.entries(errors)];
  return rows.map(([name, n]) => `${name.padEnd(16)}${String(n).padStart(8)}`).join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: "string", default: "http://127.0.0.1:8080" },
      rate: { type: "string", default: "50" },
      seconds: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const options = { baseUrl: values.url, ratePerS: Number(values.rate), seed: Number(values.seed) };
  const load = startLoad(options);
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1_000));
  const figures = await load.stop();
  console.log(values.json ? JSON.stringify(figures) : formatLoad(figures));
  process.exitCode = figures.lostIdempotent + figures.lostUnsafe > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) await main();
