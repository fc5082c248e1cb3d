// Chance that repeats itself: the same seed gives the same numbers on every machine.
export { seeded } from "../kernel/random.ts";
