// Which instance takes the next request: a pure choice among candidates.
import { below, type Random } from "../../kernel/random.ts";

/** A short step back from an instance whose connections fail. */
export interface Ejection {
  /** Failures in a row, those of one ejection counted once. */
  readonly strikes: number;
  /** Until when the instance is taken last. */
  readonly untilMs: number;
}

export interface Candidate {
  readonly inflight: number;
  readonly ejection: Ejection;
}

export const notEjected: Ejection = { strikes: 0, untilMs: Number.NEGATIVE_INFINITY };

const firstMs = 1_000;
const maxMs = 10_000;

/** 1 s, 2 s, 4 s, 8 s, then 10 s. A process that dies fails many requests at once: that is one. */
export function afterFailure(ejection: Ejection, nowMs: number): Ejection {
  if (isEjected(ejection, nowMs)) return ejection;
  const strikes = ejection.strikes + 1;
  return { strikes, untilMs: nowMs + Math.min(maxMs, firstMs * 2 ** (strikes - 1)) };
}

export function isEjected(ejection: Ejection, nowMs: number): boolean {
  return nowMs < ejection.untilMs;
}

/**
 * The candidate with the fewest requests in flight, by chance among equals. Ejected ones are taken
 * only when there is no other, so that a common failure never leaves a service without instances.
 */
export function choose<T extends Candidate>(
  candidates: readonly T[],
  nowMs: number,
  random: Random,
): T | undefined {
  const sound = candidates.filter((candidate) => !isEjected(candidate.ejection, nowMs));
  const field = sound.length > 0 ? sound : candidates;
  const fewest = Math.min(...field.map((candidate) => candidate.inflight));
  const equals = field.filter((candidate) => candidate.inflight === fewest);
  return equals[below(random, equals.length)];
}
