// Turns requests away, those of low priority first, when the instances of a route have too much to do.
import type { Random } from "../../kernel/random.ts";
import type { Ending } from "../../policies/adaptive/ending.ts";
import { type Priority, priorities, type Shed } from "../../protocol/gateway-features.ts";
import { type Asked, fieldOf, isStream, pathOf } from "../relay/asked.ts";
import type { Account, Feature, FeatureKind, FeatureParts } from "../relay/feature.ts";
import type { Reply } from "../relay/replies.ts";
import { isUnder, withoutQuery } from "./paths.ts";
import { Shedding, type Slot } from "./shedding.ts";

export const shed: FeatureKind = {
  block: (route) => route.shed && { ...route.shed, timeoutMs: route.timeoutMs },
  create: (route, parts) => {
    if (!route.shed) throw new TypeError("the route sheds nothing");
    return createShed(route.shed, route.timeoutMs, parts);
  },
};

interface Inside {
  readonly slot: Slot;
  readonly sinceMs: number;
}

function createShed(rules: Shed, timeoutMs: number, parts: FeatureParts): Feature {
  const { clock, random, counters, upstreams } = parts;
  const shedding = new Shedding(rules, clock, random);
  /** In the order in which they came. */
  const inside = new Map<Asked, Inside>();
  const counts = { ...none, ...counters.shed };
  const able = (): number => upstreams().filter(({ isOpen }) => isOpen).length;
  let isClosed = false;
  const tell = (): void => {
    if (isClosed) return;
    counters.limit = Math.floor(shedding.limit * Math.max(1, able()));
  };
  counters.shed = counts;
  tell();

  /** Their answers have begun by now, and are streams: no work that waits. */
  const forget = (nowMs: number): void => {
    for (const [asked, { slot, sinceMs }] of inside) {
      if (nowMs - sinceMs <= timeoutMs + toBeSureMs) return;
      inside.delete(asked);
      shedding.leave(slot, undefined, 0);
    }
  };

  return {
    admit(asked, nowMs) {
      if (isStream(asked)) return undefined;
      forget(nowMs);
      const priority = priorityOf(asked, rules);
      const slot = shedding.enter(priority, inside.size, able());
      if (slot !== undefined) {
        inside.set(asked, { slot, sinceMs: nowMs });
        return undefined;
      }
      if (priority !== "exempt") counts[priority]++;
      return { kind: "reply", reply: turnedAway(rules, random) };
    },
    ended(account) {
      const was = inside.get(account.asked);
      if (!was) return;
      inside.delete(account.asked);
      const waitedMs = account.waitedMs ?? 0;
      if (shedding.leave(was.slot, endingOf(account, shedding.baselineMs), waitedMs)) tell();
    },
    close() {
      isClosed = true;
      delete counters.limit;
    },
  };
}

/** After its time is up, for the waiting room and for who tells it. */
const toBeSureMs = 5_000;

const none: Readonly<Record<Priority, number>> = { critical: 0, high: 0, normal: 0, low: 0 };

/** What a request says of itself counts more than its path, if it is believed at all. */
export function priorityOf(asked: Asked, rules: Shed): Priority | "exempt" {
  const { header, paths, exempt, usual } = rules;
  const path = pathOf(asked);
  if (exempt.length > 0 && exempt.includes(withoutQuery(path))) return "exempt";
  const said = header === undefined ? undefined : fieldOf(asked, header)?.toLowerCase();
  const known = priorities.find((each) => each === said);
  return known ?? paths.find(({ prefix }) => isUnder(path, prefix))?.priority ?? usual;
}

/** Not all at the same moment: they would be too many again. */
function turnedAway({ retryAfterMs }: Shed, random: Random): Reply {
  const seconds = Math.max(1, Math.round((retryAfterMs * (0.5 + random())) / 1_000));
  const error = "too many requests for the instances there are; this one has not been carried out";
  return { status: 503, error, fields: { "retry-after": String(seconds) } };
}

/**
 * A client that left says nothing of the instance, unless it had waited longer than an answer takes
 * without a queue: then an answer takes at least so long. If all leave in an overload, that is all
 * there is to learn from.
 */
export function endingOf(account: Account, baselineMs: number | undefined): Ending {
  const { outcome, status, waitedMs } = account;
  if (outcome === "broken") return "refused";
  if (waitedMs === undefined) return undefined;
  if (outcome === "answered") return "answered";
  if (outcome === "replied" && status === 504) return "timed-out";
  return outcome === "gone" && waitedMs > (baselineMs ?? 0) ? "answered" : undefined;
}
