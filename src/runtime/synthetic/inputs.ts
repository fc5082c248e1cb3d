// Random inputs of a scenario, all of them from one seed: the same seed makes the same run.
import { HomeostatError } from "../../kernel/errors.ts";
import { below, type Random, seeded } from "../../kernel/random.ts";

export interface Inputs {
  /** A failure names it; `run(name, { seed })` uses the same inputs again. */
  readonly seed: number;
  readonly random: Random;
  /** A whole number, both bounds included. */
  integer(least: number, most: number): number;
  /** @throws OPTION_INVALID for an empty list. */
  pick<Item>(list: readonly Item[]): Item;
  /** Small letters; 8 if not told. */
  word(length?: number): string;
  digits(length: number): string;
  /** So many words with a blank between them. */
  text(words: number): string;
  /** An address that no mail can reach (RFC 2606). */
  email(): string;
}

const letters = "abcdefghijklmnopqrstuvwxyz";
const longest = 10_000;

export function createInputs(seed: number): Inputs {
  const random = seeded(seed);
  const many = (length: number, from: string): string => {
    if (!(length >= 0 && length <= longest)) refuse(`a length from 0 to ${longest}, got ${length}`);
    return Array.from({ length }, () => from[below(random, from.length)]).join("");
  };
  const word = (length = 8): string => many(length, letters);
  return {
    seed,
    random,
    integer: (least, most) => {
      if (!Number.isInteger(least) || !Number.isInteger(most) || most < least) {
        refuse(`whole numbers, the least first, got ${least} and ${most}`);
      }
      return least + below(random, most - least + 1);
    },
    pick: <Item>(list: readonly Item[]): Item => {
      if (list.length === 0) refuse("a list with something in it");
      return list[below(random, list.length)] as Item;
    },
    word,
    digits: (length) => many(length, "0123456789"),
    text: (words) => {
      if (!(words >= 0 && words <= longest)) refuse(`0 to ${longest} words, got ${words}`);
      return Array.from({ length: words }, () => word(2 + below(random, 9))).join(" ");
    },
    email: () => `synthetic-${word()}${many(4, "0123456789")}@example.invalid`,
  };
}

/** A seed of 32 bits. */
export function seedFrom(random: Random): number {
  return below(random, 4_294_967_296);
}

function refuse(expected: string): never {
  throw new HomeostatError("OPTION_INVALID", `inputs: expected ${expected}`);
}
