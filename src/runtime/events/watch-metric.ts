// Watches a number of the app and tells the bus when it is bad, so that a recovery can begin.

import { type Alarm, createAlarm } from "../../kernel/alarm.ts";
import { messageOf } from "../../kernel/errors.ts";
import { backoff } from "../../policies/retry/backoff.ts";
import type { AppEvent } from "../parts/bus.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import type { Bad } from "./judge-metric.ts";
import {
  type MetricSettings,
  type MetricTold,
  type MetricWatch,
  type MetricWatchOptions,
  metricSettings,
} from "./metric-options.ts";
import {
  type Case,
  type CaseRules,
  type Delay,
  ended,
  freshCase,
  wanted,
} from "./recovery-case.ts";
import { load, save } from "./recovery-memory.ts";
import type { Recover, Recovery, RegisterOptions } from "./recovery-options.ts";
import type { Recipe } from "./step.ts";

const hourMs = 3_600_000;
/** Good for so long, the next time it is bad is a new one. */
const settledMs = 300_000;

/** Never keeps the process alive; looks never overlap. */
export function watchMetric(options: MetricWatchOptions): MetricWatch {
  return new Watch(options);
}

/** Watches, and recovers when it is bad; the metric itself proves whether that helped. */
export function healMetric(
  options: MetricWatchOptions,
  recovery: Pick<Recovery, "register">,
  recipe: Recipe | Recover,
  more: RegisterOptions = {},
): MetricWatch {
  const watched = watchMetric(options);
  const registered = recovery.register(watched.type, recipe, {
    verify: () => watched.isGood(),
    ...more,
  });
  return {
    ...{ name: watched.name, type: watched.type, isGood: () => watched.isGood() },
    get state() {
      return watched.state;
    },
    get reason() {
      return watched.reason;
    },
    get value() {
      return watched.value;
    },
    [Symbol.dispose]: () => {
      registered[Symbol.dispose]();
      watched[Symbol.dispose]();
    },
  };
}

class Watch implements MetricWatch {
  readonly name: string;
  readonly type: string;
  readonly #options: MetricSettings;
  readonly #around: Surroundings;
  readonly #alarm: Alarm;
  readonly #delay: Delay;
  readonly #rules: CaseRules;
  #past: readonly number[] = [];
  #value: number | undefined;
  #case: Case = freshCase;
  #bad: Bad | undefined;
  #badLooks = 0;
  #goodLooks = 0;
  /** When it became as good or bad as it is. */
  #since: number;
  #dueAt: number;
  #silent = false;
  #over = false;

  constructor(given: MetricWatchOptions) {
    const options = metricSettings(given);
    const { name, type = `metric.${name}.failure`, cooldownMs, kept, stopping } = options;
    this.name = name;
    this.type = type;
    this.#options = options;
    this.#around = surroundings(options);
    const { clock } = this.#around;
    const wait = backoff({
      baseMs: cooldownMs,
      maxMs: Math.max(cooldownMs, hourMs),
      jitter: "none",
    });
    this.#delay = (n) => wait(n - 1, { last: 0 }, () => 0);
    const triesMax = Number.POSITIVE_INFINITY;
    this.#rules = { cooldownMs, settleMs: hourMs, forgetMs: triesMax, triesMax };
    const [before] = kept ? load(kept, clock) : [];
    if (before) this.#case = before.state;
    this.#since = clock.now();
    this.#dueAt = clock.now();
    this.#alarm = createAlarm(clock, () => void this.#look());
    stopping?.signal.addEventListener("abort", () => this[Symbol.dispose](), { once: true });
    if (stopping?.signal.aborted) this.#over = true;
    this.#arm();
  }

  get state(): MetricWatch["state"] {
    if (this.#bad) return "bad";
    return this.#value === undefined ? "no-value" : "good";
  }

  get reason(): string | undefined {
    return this.#bad?.text;
  }

  get value(): number | undefined {
    return this.#value;
  }

  async isGood(): Promise<boolean> {
    const value = await this.#read();
    return value !== undefined && this.#options.judge(value, this.#past) === undefined;
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#alarm.off();
  }

  #arm(): void {
    if (this.#over) return;
    const { everyMs } = this.#options;
    const now = this.#around.clock.now();
    // Looks that were missed are left out, never caught up in a burst.
    this.#dueAt += everyMs * (1 + Math.floor(Math.max(0, now - this.#dueAt) / everyMs));
    this.#alarm.ringIn(this.#dueAt - now);
  }

  async #look(): Promise<void> {
    const value = await this.#read();
    try {
      if (value !== undefined && !this.#over) this.#judge(value);
    } catch (error) {
      const fields = { metric: this.name, error };
      this.#around.log.error(`a metric could not be judged: ${messageOf(error)}`, fields);
    }
    this.#arm();
  }

  /** One sample for each look. */
  async #read(): Promise<number | undefined> {
    try {
      const value = await this.#options.read();
      this.#silent = false;
      return Number.isFinite(value) ? value : undefined;
    } catch (error) {
      const fields = { metric: this.name, error };
      if (!this.#silent) {
        this.#around.log.warn(`a metric cannot be read: ${messageOf(error)}`, fields);
      }
      this.#silent = true;
      return undefined;
    }
  }

  #judge(value: number): void {
    const { judge, badLooks, goodLooks, pastMax } = this.#options;
    const now = this.#around.clock.now();
    const past = this.#past;
    const bad = judge(value, past);
    this.#value = value;
    this.#past = [...past, value].slice(-pastMax);
    this.#badLooks = bad ? this.#badLooks + 1 : 0;
    this.#goodLooks = bad ? 0 : this.#goodLooks + 1;
    if (bad && (this.#bad || this.#badLooks >= badLooks)) {
      if (!this.#bad) this.#since = now - (this.#badLooks - 1) * this.#options.everyMs;
      this.#bad = bad;
      this.#tell(bad, value, past);
    }
    if (this.#bad && this.#goodLooks >= goodLooks) {
      this.#bad = undefined;
      this.#since = now;
    }
    if (!this.#bad && now - this.#since >= settledMs && this.#case !== freshCase) {
      this.#case = freshCase;
      this.#save();
    }
  }

  #tell({ text, limit }: Bad, value: number, past: readonly number[]): void {
    const now = this.#around.clock.now();
    const answer = wanted(this.#case, now, this.#rules, this.#delay);
    this.#case = answer.state;
    if (answer.kind !== "run") return;
    this.#case = ended(answer.state, now, false, this.#rules, this.#delay);
    // On the disk before anybody hears of it: what they do may be the end of this process.
    this.#save();
    const { bus, severity = "critical" } = this.#options;
    const data: MetricTold = { value, limit, text, past, forMs: now - this.#since };
    bus.publish({ type: this.type, source: this.name, severity, data });
  }

  #save(): void {
    const { kept } = this.#options;
    const { type, name: source } = this;
    const event: AppEvent = {
      ...{ id: "", type, source, severity: "critical", data: undefined },
      time: new Date(this.#around.clock.wall()).toISOString(),
    };
    if (kept) save(kept, this.#around.clock, [{ event, state: this.#case, running: false }]);
  }
}
