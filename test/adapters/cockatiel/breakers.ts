// Cockatiel's breakers, which say when a circuit opens: they count in the windows of ours.
import {
  ConsecutiveWindow,
  CountWindow,
  TimeWindow,
  type Window,
} from "../../../src/policies/breaker/windows.ts";

export const CircuitState: {
  readonly Closed: 0;
  readonly Open: 1;
  readonly HalfOpen: 2;
  readonly Isolated: 3;
} = { Closed: 0, Open: 1, HalfOpen: 2, Isolated: 3 };
export type CircuitState = (typeof CircuitState)[keyof typeof CircuitState];

/** What a circuit asks after each result. */
export interface IBreaker {
  /** Plain data, to make another breaker go on from it. */
  state: unknown;
  success(state: CircuitState): void;
  /** True when the circuit is to open. */
  failure(state: CircuitState): boolean;
}

function checkThreshold(name: string, threshold: number): void {
  if (threshold > 0 && threshold < 1) return;
  throw new RangeError(`${name} threshold should be between (0, 1), got ${threshold}`);
}

export class ConsecutiveBreaker implements IBreaker {
  readonly #threshold: number;
  #window = new ConsecutiveWindow();

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  get state(): number {
    return this.#window.failed;
  }
  set state(failed: number) {
    this.#window.clear();
    for (let i = 0; i < failed; i++) this.#window.record(true, false);
  }

  success(): void {
    this.#window.record(false, false);
  }

  failure(): boolean {
    this.#window.record(true, false);
    return this.#window.failed >= this.#threshold;
  }
}

export interface ICountBreakerOptions {
  threshold: number;
  size: number;
  minimumNumberOfCalls?: number;
}

interface Samples {
  readonly samples: readonly (boolean | null)[];
  readonly currentSample: number;
}

/** The samples stand beside our window because its state gives them out. */
export class CountBreaker implements IBreaker {
  readonly threshold: number;
  readonly minimumNumberOfCalls: number;
  samples: (boolean | null)[];
  currentSample = 0;
  readonly #window: Window;

  constructor({ threshold, size, minimumNumberOfCalls = size }: ICountBreakerOptions) {
    checkThreshold("CountBreaker", threshold);
    for (const count of [size, minimumNumberOfCalls]) {
      if (Number.isSafeInteger(count) && count >= 1 && count <= size) continue;
      throw new RangeError(`CountBreaker sizes should be integers from 1 to size, got ${count}`);
    }
    this.threshold = threshold;
    this.minimumNumberOfCalls = minimumNumberOfCalls;
    this.samples = new Array<null>(size).fill(null);
    this.#window = new CountWindow(size);
  }

  get failures(): number {
    return this.#window.failed;
  }
  get successes(): number {
    return this.#window.total - this.#window.failed;
  }

  get state(): unknown {
    const { samples, currentSample, failures, successes } = this;
    return { samples: [...samples], currentSample, failures, successes };
  }
  set state(given: unknown) {
    const { samples, currentSample } = given as Samples;
    this.#reset();
    this.currentSample = currentSample;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[this.currentSample];
      if (typeof sample === "boolean") this.#sample(sample);
      else this.#next();
    }
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#reset();
    this.#sample(true);
  }

  failure(state: CircuitState): boolean {
    this.#sample(false);
    if (state !== CircuitState.Closed) return true;
    const { total, failed } = this.#window;
    return total >= this.minimumNumberOfCalls && failed > this.threshold * total;
  }

  #reset(): void {
    this.samples.fill(null);
    this.#window.clear();
  }

  #sample(success: boolean): void {
    this.#window.record(!success, false, 0);
    this.samples[this.currentSample] = success;
    this.#next();
  }

  #next(): void {
    this.currentSample = (this.currentSample + 1) % this.samples.length;
  }
}

export interface ISamplingBreakerOptions {
  threshold: number;
  /** Milliseconds. */
  duration: number;
  minimumRps?: number;
}

interface Slice {
  readonly startedAt: number;
  failures: number;
  successes: number;
}

interface Slices {
  readonly windows: readonly Slice[];
  readonly currentWindow: number;
}

/** What its state gives out is kept in slices of its own; what it decides by is our window. */
export class SamplingBreaker implements IBreaker {
  readonly threshold: number;
  readonly minimumRpms: number;
  readonly duration: number;
  readonly windowSize: number;
  windows: Slice[];
  currentWindow = 0;
  readonly #window: Window;

  constructor({ threshold, duration, minimumRps }: ISamplingBreakerOptions) {
    checkThreshold("SamplingBreaker", threshold);
    const slices = Math.max(5, Math.ceil(duration / 1_000));
    this.threshold = threshold;
    this.windowSize = Math.round(duration / slices);
    this.duration = this.windowSize * slices;
    this.minimumRpms = minimumRps ? minimumRps / 1_000 : 5 / (threshold * 1_000);
    this.windows = Array.from({ length: slices }, () => slice(0));
    // Theirs of five slices holds 0.8 to 1 of the time, ours 0.9 to 1 of what it is given.
    this.#window = new TimeWindow(this.duration * 0.9);
  }

  get currentFailures(): number {
    return this.#window.failed;
  }
  get currentSuccesses(): number {
    return this.#window.total - this.#window.failed;
  }

  get state(): unknown {
    const { currentWindow, currentFailures, currentSuccesses } = this;
    const windows = this.windows.map((one) => ({ ...one }));
    return { windows, currentWindow, currentFailures, currentSuccesses };
  }
  set state(given: unknown) {
    const { windows, currentWindow } = given as Slices;
    this.windows = windows.map((one) => ({ ...one }));
    this.currentWindow = currentWindow;
    this.#window.clear();
    for (const { startedAt, failures, successes } of this.windows.toSorted(byAge)) {
      for (let i = 0; i < failures; i++) this.#window.record(true, false, startedAt);
      for (let i = 0; i < successes; i++) this.#window.record(false, false, startedAt);
    }
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#reset();
    this.#push(true);
  }

  failure(state: CircuitState): boolean {
    this.#push(false);
    if (state !== CircuitState.Closed) return true;
    const { total, failed } = this.#window;
    return total >= this.duration * this.minimumRpms && failed > this.threshold * total;
  }

  #reset(): void {
    this.windows = this.windows.map(() => slice(0));
    this.#window.clear();
  }

  #push(success: boolean): void {
    const now = Date.now();
    this.#window.record(!success, false, now);
    let current = this.windows[this.currentWindow] ?? slice(now);
    if (now - current.startedAt >= this.windowSize) {
      this.currentWindow = (this.currentWindow + 1) % this.windows.length;
      current = slice(now);
      this.windows[this.currentWindow] = current;
    }
    if (success) current.successes += 1;
    else current.failures += 1;
  }
}

function slice(startedAt: number): Slice {
  return { startedAt, failures: 0, successes: 0 };
}

function byAge(one: Slice, other: Slice): number {
  return one.startedAt - other.startedAt;
}
