// What every part of the runtime is given; each has a default, so that a part can be used alone.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Log, silentLog } from "../../kernel/log.ts";
import { type Random, systemRandom } from "../../kernel/random.ts";

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function surroundings(given: Partial<Surroundings>): Surroundings {
  const { clock = systemClock, random = systemRandom, log = silentLog } = given;
  return { clock, random, log };
}
