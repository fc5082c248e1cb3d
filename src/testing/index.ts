// What users need to test their own policies and kinds: time and chance that they hold.
export { seeded } from "./seeded.ts";
export { type SimClock, simClock } from "./sim-clock.ts";
