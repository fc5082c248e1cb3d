// Sends envelopes to Sentry: a bounded queue, few at once, each tried twice, never in anybody's way.
import { once } from "node:events";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import { wait } from "../parts/wait.ts";
import { createDiscards, type Discards, type Reason, type Told } from "./discards.ts";
import type { Dsn } from "./dsn.ts";
import type { Envelope } from "./envelope.ts";
import { type Category, createLimits, type Limits } from "./limits.ts";
import { createPost, type Fetch, type Post } from "./post.ts";
import { createVoice, type Voice } from "./voice.ts";

export interface Delivery {
  /** Takes an envelope, or gives it up and counts it. True when it was taken. */
  send(envelope: Envelope, category: Category): boolean;
  /** Counts what was given up before it became an envelope. */
  discard(reason: Reason, category: Category): void;
  /** Resolves when all has left or was given up; when `signal` aborts the rest is given up. */
  flush(signal: AbortSignal): Promise<void>;
  figures(): DeliveryFigures;
}

export interface DeliveryFigures {
  readonly sent: number;
  /** Waiting or on their way. */
  readonly queued: number;
  /** Not sent, by reason. */
  readonly dropped: Readonly<Partial<Record<Reason, number>>>;
}

export interface DeliveryOptions {
  readonly dsn: Dsn;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Envelopes that may wait or be on their way. */
  readonly most: number;
  /** Milliseconds one attempt may take. */
  readonly timeoutMs: number;
}

interface Waiting {
  readonly envelope: Envelope;
  readonly category: Category;
}

/** So many are on their way at once: a server that hangs holds up no more than these. */
const atOnce = 4;
/** Before the one retry, and up to twice as long by chance. */
const retryMs = 500;

export function createDelivery(options: DeliveryOptions): Delivery {
  return new Delivering(options);
}

// A class: its parts are one state machine, and call each other.
class Delivering implements Delivery {
  readonly #options: DeliveryOptions;
  readonly #limits: Limits;
  readonly #discards: Discards = createDiscards();
  readonly #voice: Voice;
  readonly #post: Post;
  readonly #idle = new Set<() => void>();
  #queue: Waiting[] = [];
  #underWay = 0;
  #sent = 0;
  /** Aborts when a flush begins: the pause before a retry ends. */
  #hurry = new AbortController();
  /** Aborts when a flush is over: what is on its way is given up. */
  #stop = new AbortController();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#limits = createLimits(options.clock);
    this.#voice = createVoice(options.log, options.dsn.host);
    this.#post = createPost({ ...options, limits: this.#limits, voice: this.#voice });
  }

  send(envelope: Envelope, category: Category): boolean {
    const full = this.#queue.length + this.#underWay >= this.#options.most;
    if (full) this.#voice.full(this.#options.most);
    const reason = this.#limits.limited(category) ? "ratelimit_backoff" : "queue_overflow";
    if (full || reason === "ratelimit_backoff") {
      this.discard(reason, category);
      return false;
    }
    this.#queue.push({ envelope, category });
    this.#pump();
    return true;
  }

  discard(reason: Reason, category: Category): void {
    this.#discards.count(reason, category);
  }

  async flush(signal: AbortSignal): Promise<void> {
    const over = signal.aborted ? Promise.resolve() : once(signal, "abort");
    this.#hurry.abort();
    await Promise.race([this.#emptied(), over]);
    const told = signal.aborted ? undefined : this.#report();
    if (told) {
      const answer = this.#post({ items: [told.item] }, signal);
      if ((await answer) !== "done") told.restore();
    }
    this.#hurry = new AbortController();
    if (signal.aborted) this.#giveUp(signal.reason);
  }

  figures(): DeliveryFigures {
    const queued = this.#queue.length + this.#underWay;
    return { sent: this.#sent, queued, dropped: this.#discards.totals() };
  }

  #pump(): void {
    while (this.#underWay < atOnce) {
      const next = this.#queue.shift();
      if (!next) break;
      this.#underWay += 1;
      void this.#deliver(next)
        .catch((error: unknown) => {
          this.discard("internal_sdk_error", next.category);
          this.#options.log.warn("a report could not be delivered", { error });
        })
        .finally(() => {
          this.#underWay -= 1;
          this.#pump();
        });
    }
    if (this.#underWay > 0) return;
    for (const wake of this.#idle) wake();
    this.#idle.clear();
  }

  async #deliver({ envelope, category }: Waiting): Promise<void> {
    // It may have waited while an answer told of a limit.
    if (this.#limits.limited(category)) return this.discard("ratelimit_backoff", category);
    const told = this.#report();
    const whole = told ? { ...envelope, items: [...envelope.items, told.item] } : envelope;
    const outcome = await this.#twice(whole);
    if (outcome === "done") this.#sent += 1;
    if (outcome === "refused" || outcome === "failed") {
      told?.restore();
      this.discard(outcome === "refused" ? "send_error" : "network_error", category);
    }
  }

  async #twice(envelope: Envelope): ReturnType<Post> {
    const stop = this.#stop.signal;
    const outcome = await this.#post(envelope, stop);
    if (outcome !== "failed" || stop.aborted) return outcome;
    const { clock, random } = this.#options;
    await wait(clock, retryMs * (1 + random()), AbortSignal.any([this.#hurry.signal, stop]));
    return stop.aborted ? outcome : this.#post(envelope, stop);
  }

  #report(): Told | undefined {
    if (this.#limits.limited("internal")) return undefined;
    return this.#discards.take(this.#options.clock.wall() / 1_000);
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.add(resolve);
      this.#pump();
    });
  }

  #giveUp(reason: unknown): void {
    for (const { category } of this.#queue) this.discard("network_error", category);
    this.#queue = [];
    this.#stop.abort(reason);
    this.#stop = new AbortController();
  }
}
