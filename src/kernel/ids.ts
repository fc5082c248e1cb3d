// Identifiers made from the chance that is passed in, so that a seeded world repeats itself.
import type { Random } from "./random.ts";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** A random identifier of `length` characters of Crockford's base 32 (5 bits each). */
export function randomId(random: Random, length = 10): string {
  let id = "";
  for (let i = 0; i < length; i++) id += alphabet[Math.floor(random() * 32)];
  return id;
}
