// Opossum's statistics: what its breaker told in the last so many slices of time, for people to read.
import { EventEmitter } from "node:events";

const counted = [
  "failures",
  "fallbacks",
  "successes",
  "rejects",
  "fires",
  "timeouts",
  "cacheHits",
  "cacheMisses",
  "coalesceCacheHits",
  "coalesceCacheMisses",
  "semaphoreRejections",
] as const;
const percentiles = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1] as const;

export type Counted = (typeof counted)[number];

export type Slice = Record<Counted, number> & {
  percentiles: Record<string, number>;
  latencyTimes: number[];
  isCircuitBreakerOpen?: boolean;
};

export interface Stats extends Slice {
  latencyMean: number;
}

export interface StatusOptions {
  rollingCountBuckets?: number | undefined;
  rollingCountTimeout?: number | undefined;
  rollingPercentilesEnabled?: boolean | undefined;
  enableSnapshots?: boolean | undefined;
  rotateBucketController?: EventEmitter | undefined;
  stats?: Partial<Stats> | undefined;
}

function slice(): Slice {
  const none = Object.fromEntries(counted.map((name) => [name, 0])) as Record<Counted, number>;
  return { ...none, percentiles: {}, latencyTimes: [] };
}

/** Its "rotate" listener and timers end with `shutdown`; the timers keep no process alive. */
export class Status extends EventEmitter {
  readonly rollingPercentilesEnabled: boolean;
  readonly enableSnapshots: boolean;
  readonly #controller: EventEmitter | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #slices: Slice[];

  constructor(options: StatusOptions = {}) {
    super();
    const buckets = options.rollingCountBuckets || 10;
    const sliceMs = Math.floor((options.rollingCountTimeout || 10_000) / buckets);
    this.rollingPercentilesEnabled = options.rollingPercentilesEnabled !== false;
    this.enableSnapshots = options.enableSnapshots !== false;
    this.#controller = options.rotateBucketController;
    this.#slices = Array.from({ length: buckets }, slice);
    if (options.stats) this.#slices[0] = { ...slice(), ...options.stats };
    if (this.#controller) this.startListening();
    else this.#every(sliceMs, this.#rotate);
    if (this.enableSnapshots) this.#every(sliceMs, () => this.emit("snapshot", this.stats));
  }

  get window(): readonly Slice[] {
    return [...this.#slices];
  }

  get stats(): Stats {
    const sum = slice();
    for (const one of this.#slices) {
      for (const name of counted) sum[name] += one[name];
      if (this.rollingPercentilesEnabled) sum.latencyTimes.push(...one.latencyTimes);
    }
    const times = sum.latencyTimes.sort((a, b) => a - b);
    const mean = times.length === 0 ? 0 : times.reduce((a, b) => a + b, 0) / times.length;
    for (const share of percentiles) {
      const at = Math.max(0, Math.ceil(share * times.length) - 1);
      sum.percentiles[share] = this.rollingPercentilesEnabled ? (times[at] ?? 0) : -1;
    }
    return { ...sum, latencyMean: this.rollingPercentilesEnabled ? mean : -1 };
  }

  increment(name: Counted, latency?: number): void {
    const now = this.#now;
    now[name] += 1;
    if (latency !== undefined) now.latencyTimes.push(latency);
  }

  mark(open: boolean): void {
    this.#now.isCircuitBreakerOpen = open;
  }

  startListening(): void {
    if (this.#controller?.listeners("rotate").includes(this.#rotate)) return;
    this.#controller?.on("rotate", this.#rotate);
  }

  stopListening(): void {
    this.#controller?.off("rotate", this.#rotate);
  }

  shutdown(): void {
    this.removeAllListeners();
    this.stopListening();
    for (const timer of this.#timers) clearInterval(timer);
  }

  get #now(): Slice {
    const [now = slice()] = this.#slices;
    return now;
  }

  readonly #rotate = (): void => {
    this.#slices = [slice(), ...this.#slices.slice(0, -1)];
  };

  #every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}
