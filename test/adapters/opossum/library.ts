// Opossum's face as the adapter types it, by which its behaviours are written for both alike.
import { createRequire } from "node:module";
import type { Behaviour, Who } from "../behaviours.ts";
import CircuitBreaker from "../opossum.ts";

export type Opossum = typeof CircuitBreaker;
export type Of = Behaviour<Opossum>;

/** Opossum itself comes without types. */
const library = createRequire(import.meta.url)("opossum") as Opossum;

export const both: Readonly<Record<Who, Opossum>> = { adapter: CircuitBreaker, library };

export const bad: Error = new Error("bad");
export const hour = 3_600_000;

/** Fails for numbers below 0, gives others back. */
export const passFail = async (n: number): Promise<number> => {
  if (n < 0) throw bad;
  return n;
};

/** Half open 20 ms after the first failure. */
export function quick(library: Opossum, more: object = {}): InstanceType<Opossum> {
  return new library(passFail, { resetTimeout: 20, ...more });
}

/** Each event of these names as it comes, with what it carries. */
export function heard(breaker: InstanceType<Opossum>, ...names: readonly string[]): unknown[][] {
  const list: unknown[][] = [];
  for (const name of names) breaker.on(name, (...given: unknown[]) => list.push([name, ...given]));
  return list;
}

export const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
