// The ways to balance: fewest in flight, each in turn, and each key at its place.
import type { Random } from "../../../kernel/random.ts";
import type { BalanceBlock, RequestKey } from "../../../protocol/gateway-balancing.ts";
import type { Instance } from "../instance.ts";
import type { Choice } from "./choice.ts";
import { anyOf, fewest } from "./least.ts";
import { hashOf, unitOf } from "./rendezvous.ts";
import { keyOf } from "./request-key.ts";
import { chooseWarm, warmthOf } from "./slow-start.ts";
import { nextTurn } from "./turns.ts";

export function choiceOf(block: BalanceBlock, random: Random): Choice {
  const { kind, key, load = 1.25, slowStartMs = 0 } = block;
  if (kind === "round-robin") return inTurn(slowStartMs);
  const least = fewestInFlight(slowStartMs, random);
  return kind === "hash" && key ? byHash({ key, load, slowStartMs, otherwise: least }) : least;
}

function fewestInFlight(slowStartMs: number, random: Random): Choice {
  return {
    choose: (candidates, _asked, nowMs) =>
      chooseWarm(candidates, {
        ...{ nowMs, slowStartMs, draw: random },
        choose: (those) => fewest(those, random, anyOf, nowMs),
      }),
  };
}

function inTurn(slowStartMs: number): Choice {
  return {
    choose: (candidates, _asked, nowMs) =>
      nextTurn(candidates, (up) => warmthOf(up, nowMs, slowStartMs)),
  };
}

/** So many in flight bury nobody: with few requests a place is kept whatever the average is. */
export const loadFloor = 8;
/** Told apart from the place of an instance, or the keys that leave it would be those it ranks last. */
const forWarmth = 0x5bd1e995;

function byHash(options: {
  readonly key: RequestKey;
  readonly load: number;
  readonly slowStartMs: number;
  /** For requests without a key. */
  readonly otherwise: Choice;
}): Choice {
  const { key, load, slowStartMs, otherwise } = options;
  return {
    choose(candidates, asked, nowMs) {
      const said = keyOf(asked, key);
      if (said === undefined) return otherwise.choose(candidates, asked, nowMs);
      const hash = hashOf(said);
      return chooseWarm(candidates, {
        ...{ nowMs, slowStartMs },
        draw: (up) => unitOf(hash, up.place ^ forWarmth),
        choose: (those) => highest(those, hash, load),
      });
    },
  };
}

/**
 * The place that the key ranks highest among those that are not full. Source of the bound, load times
 * the average, rounded up: V. Mirrokni, M. Thorup, M. Zadimoghaddam, Consistent Hashing with Bounded
 * Loads, 2016.
 */
function highest(
  candidates: readonly Instance[],
  hash: number,
  load: number,
): Instance | undefined {
  let inflight = 1;
  for (const up of candidates) inflight += up.inflight;
  const most = Math.max(loadFloor, Math.ceil((load * inflight) / candidates.length));
  let found: Instance | undefined;
  let best = -1;
  for (const up of candidates) {
    if (up.inflight >= most) continue;
    const rank = unitOf(hash, up.place);
    if (rank <= best) continue;
    best = rank;
    found = up;
  }
  return found;
}
