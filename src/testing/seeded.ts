// Chance that repeats itself: the same seed gives the same numbers on every machine.
import type { Random } from "../kernel/random.ts";

/** Numbers in [0, 1) from a 32-bit seed. Source: mulberry32, Tommy Ettinger, public domain. */
export function seeded(seed: number): Random {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
