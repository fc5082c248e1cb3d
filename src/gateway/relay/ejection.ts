// A short step back from an instance whose connections fail.

export interface Ejection {
  /** Failures in a row, those of one ejection counted once. */
  readonly strikes: number;
  /** Until when the instance is taken last. */
  readonly untilMs: number;
}

export const notEjected: Ejection = { strikes: 0, untilMs: Number.NEGATIVE_INFINITY };

const firstMs = 1_000;
const maxMs = 10_000;

/** 1 s, 2 s, 4 s, 8 s, then 10 s. A process that dies fails many requests at once: that is one. */
export function afterFailure(ejection: Ejection, nowMs: number): Ejection {
  if (nowMs < ejection.untilMs) return ejection;
  const strikes = ejection.strikes + 1;
  return { strikes, untilMs: nowMs + Math.min(maxMs, firstMs * 2 ** (strikes - 1)) };
}
