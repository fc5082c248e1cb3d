// Batches of lines on their way to InfluxDB: one at a time, tried again after pauses, counted in the end.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { type Backoff, backoff } from "../../policies/retry/backoff.ts";
import { surroundings } from "../parts/surroundings.ts";
import { type InfluxOptions, type InfluxTarget, influxTarget } from "./influx-options.ts";
import { createLineQueue, type LineQueue } from "./line-queue.ts";
import { createOutage, type Outage } from "./outage.ts";
import { unsaid } from "./secret.ts";
import { type NotTaken, send, type Way } from "./send.ts";

export type Counted = "written" | "dropped";

const longestPauseMs = 300_000;

// A class: a queue, a pause and two counts that each step of a batch touches.
export class Shipping {
  readonly host: string;
  readonly counts: Record<Counted, number> = { written: 0, dropped: 0 };
  readonly #target: InfluxTarget;
  readonly #way: Way;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #outage: Outage;
  readonly #queue: LineQueue;
  readonly #maxBatch: number;
  readonly #timeoutMs: number;
  readonly #pauseOf: Backoff;
  readonly #count: (what: Counted, by: number) => void;
  #underWay = 0;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** @throws OPTION_INVALID */
  constructor(options: InfluxOptions) {
    const { maxQueue = 10_000, maxBatch = 1_000, timeoutMs = 10_000, everyMs = 10_000 } = options;
    const { metrics, fetch = globalThis.fetch } = options;
    this.#target = influxTarget(options);
    this.host = this.#target.host;
    const { clock, random, log } = surroundings(options);
    [this.#clock, this.#random, this.#log] = [clock, random, log];
    this.#way = { fetch, clock, unsaid: unsaid(this.#target.secrets) };
    this.#outage = createOutage(log, `influx: writing to ${this.host}`);
    this.#queue = createLineQueue(maxQueue);
    [this.#maxBatch, this.#timeoutMs] = [maxBatch, timeoutMs];
    const maxMs = Math.max(everyMs, longestPauseMs);
    this.#pauseOf = backoff({ baseMs: everyMs, maxMs, jitter: "equal" });
    const counters = {
      written: metrics?.counter("influx_points_written", { help: "Points that InfluxDB took" }),
      dropped: metrics?.counter("influx_points_dropped", { help: "Points that were given up" }),
    };
    this.#count = (what, by) => {
      this.counts[what] += by;
      counters[what]?.add(by);
    };
  }

  get waiting(): number {
    return this.#queue.size + this.#underWay;
  }

  /** True when a whole batch waits. */
  get full(): boolean {
    return this.#queue.size >= this.#maxBatch;
  }

  get paused(): boolean {
    return this.#clock.now() < this.#pausedUntil;
  }

  add(line: string): void {
    this.#onQueue((queue) => queue.add(line));
  }

  drop(points: number): void {
    this.#count("dropped", points);
  }

  /** Batch after batch until nothing waits; false when one did not get through. */
  async drain(signal: AbortSignal): Promise<boolean> {
    while (this.#queue.size > 0 && !signal.aborted) {
      const batch = this.#queue.next(this.#maxBatch);
      this.#underWay = batch.length;
      const failure = await this.#ship(batch, signal);
      this.#underWay = 0;
      if (!failure) continue;
      this.#onQueue((queue) => queue.back(batch));
      if (!signal.aborted) this.#pause(failure);
      return false;
    }
    return this.#queue.size === 0;
  }

  /** Undefined when the server has answered for these points, well or not. */
  async #ship(batch: readonly string[], signal: AbortSignal): Promise<NotTaken | undefined> {
    const request = await this.#target.request(`${batch.join("\n")}\n`);
    const outcome = await send(this.#way, this.#target.url, request, this.#timeoutMs, signal);
    if (outcome.ok) this.#count("written", batch.length);
    else if (blamesPoints(outcome)) this.#refuse(batch, outcome);
    else return outcome;
    this.#failures = 0;
    this.#outage.worked();
    return undefined;
  }

  #refuse(batch: readonly string[], { reason, text }: NotTaken): void {
    const lost = Math.min(batch.length, lostOf(text) ?? batch.length);
    this.#count("written", batch.length - lost);
    this.#count("dropped", lost);
    const what = `${lost} of ${batch.length} points`;
    this.#log.warn(`influx: ${this.host} refused ${what}, which are dropped: ${reason}`);
  }

  #pause({ reason, retryAfterMs = 0 }: NotTaken): void {
    const own = this.#pauseOf(this.#failures, { last: 0 }, this.#random);
    this.#pausedUntil = this.#clock.now() + Math.max(own, Math.min(retryAfterMs, longestPauseMs));
    this.#failures += 1;
    this.#outage.failed(reason);
  }

  /** Counts what falls out of the queue. */
  #onQueue(work: (queue: LineQueue) => void): void {
    const before = this.#queue.dropped;
    work(this.#queue);
    const lost = this.#queue.dropped - before;
    if (lost > 0) this.#count("dropped", lost);
  }
}

function blamesPoints({ status }: NotTaken): boolean {
  return status === 400 || status === 413 || status === 422;
}

/** How many points of a partial write are lost, as InfluxDB v1 says it. */
function lostOf(text: string): number | undefined {
  const [, dropped] = /partial write\b.*\bdropped=(\d{1,7})/.exec(text) ?? [];
  return dropped === undefined ? undefined : Number(dropped);
}
