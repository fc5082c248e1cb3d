// How long to wait before the next attempt: the growth of the delay and the chance in it.
import type { Random } from "../../kernel/random.ts";
import { checkOptions, oneOf } from "../options.ts";

/**
 * - "none": the delay as it grows.
 * - "full": anywhere in [0, delay). Source: M. Brooker, "Exponential Backoff And Jitter", AWS 2015.
 * - "equal": half the delay, the other half by chance. Same source.
 * - "decorrelated": min(max, anywhere in [base, 3 × the last delay)); growth is not used. Same source.
 * - "polly-v2": a smooth exponential with median `baseMs` × 2^n. Source: Polly 8,
 *   DelayBackoffType.Exponential with jitter (G. Lambert's formula 2^t × tanh(√4t), differences ÷ 1.4).
 */
export type Jitter = "none" | "full" | "equal" | "decorrelated" | "polly-v2";

export interface BackoffOptions {
  /** Default "exponential": baseMs × factor^n; "linear": baseMs × (n + 1). */
  readonly kind?: "constant" | "linear" | "exponential";
  /** Milliseconds before the first repeat, before jitter; default 100. */
  readonly baseMs?: number;
  /** No delay is longer; default 30,000. */
  readonly maxMs?: number;
  /** Of the exponential; default 2. */
  readonly factor?: number;
  /** Default "full". */
  readonly jitter?: Jitter;
}

/** What a jitter remembers between the attempts of one call. */
export interface BackoffState {
  last: number;
}

/** Milliseconds before repeat `n` (0 for the first); finite and within [0, maxMs] for every n. */
export type Backoff = (n: number, state: BackoffState, random: Random) => number;

const finite = (value: unknown): string | undefined =>
  Number.isFinite(value) && (value as number) >= 0 ? undefined : "0 or more";

const rules = {
  kind: oneOf("constant", "linear", "exponential"),
  baseMs: finite,
  maxMs: finite,
  factor: finite,
  jitter: oneOf("none", "full", "equal", "decorrelated", "polly-v2"),
};

/** Throws a Misconfigured error for a delay that is negative or not finite. */
export function backoff(options: BackoffOptions = {}): Backoff {
  const { kind = "exponential", baseMs = 100, maxMs = 30_000, factor = 2 } = options;
  const { jitter = "full" } = options;
  checkOptions<BackoffOptions>("backoff", options, rules);
  const grown = (n: number): number => Math.min(maxMs, growth[kind](baseMs, factor, n));
  switch (jitter) {
    case "none":
      return grown;
    case "full":
      return (n, _state, random) => grown(n) * random();
    case "equal":
      return (n, _state, random) => (grown(n) / 2) * (1 + random());
    case "decorrelated":
      return (_n, state, random) => {
        const last = Math.max(baseMs, state.last);
        state.last = Math.min(maxMs, baseMs + random() * (last * 3 - baseMs));
        return state.last;
      };
    case "polly-v2":
      return (n, state, random) => smooth(n, state, random, baseMs, maxMs);
  }
}

const growth = {
  constant: (baseMs: number): number => baseMs,
  linear: (baseMs: number, _factor: number, n: number): number => baseMs * (n + 1),
  // 0 × Infinity is not a number, and a base of 0 stays 0 however often it grows.
  exponential: (baseMs: number, factor: number, n: number): number =>
    baseMs === 0 ? 0 : baseMs * factor ** n,
};

/** Beyond this power of two every delay is over its limit, and differences of infinities are none. */
const highest = 1_000;

function smooth(
  n: number,
  state: BackoffState,
  random: Random,
  baseMs: number,
  maxMs: number,
): number {
  const t = n + random();
  if (t > highest) return baseMs === 0 ? 0 : maxMs;
  const next = 2 ** t * Math.tanh(Math.sqrt(4 * t));
  const delay = Math.max(0, next - state.last) * (baseMs / 1.4);
  state.last = next;
  return Math.min(maxMs, delay);
}
