// Which release a request goes to: by weight, by who asks, or by what the request itself says.
import { below, type Random } from "../../../kernel/random.ts";
import type { SplitBlock } from "../../../protocol/gateway-balancing.ts";
import type { RouteCounters } from "../../stats.ts";
import { type Asked, cookieOf, fieldOf } from "../asked.ts";
import type { Instance } from "../instance.ts";
import { hashOf, scoreOf } from "./rendezvous.ts";
import { nextTurn, type Turning } from "./turns.ts";

/** What was decided for one request. */
export interface Lot {
  readonly release: string;
  /** A field for the answer, with its line end; empty when there is none. */
  readonly line: string;
}

export interface Split {
  apply(block: SplitBlock): void;
  /** Asked once for each request: without a sticky key the releases take turns. */
  lotOf(asked: Asked): Lot;
  /** Whether this release may have what was meant for another one. */
  mayTakeOver(release: string | undefined): boolean;
}

/** What is left of a lot when an instance takes it: another release's is counted, once. */
export function takenBy({ release = "" }: Instance, lot: Lot, counters: RouteCounters): Lot {
  if (release === lot.release) return lot;
  counters.spilled++;
  return { release, line: "" };
}

interface Release extends Turning {
  readonly name: string;
  readonly weight: number;
  readonly place: number;
}

/** What the gateway has given a client: a place among the releases, not one of them. */
const given = /^[0-9a-f]{8}$/;

export function createSplit(block: SplitBlock, random: Random): Split {
  let current = block;
  let releases = new Map<string, Release>();
  let lots = new Map<string, Lot>();

  const byKey = (key: string): Lot => {
    const hash = hashOf(key);
    let found: Release | undefined;
    let best = 0;
    for (const release of releases.values()) {
      const score = release.weight > 0 ? scoreOf(hash, release.place, release.weight) : 0;
      if (score > best) [found, best] = [release, score];
    }
    return lotOf(found);
  };
  const byTurn = (): Lot => lotOf(nextTurn([...releases.values()], ({ weight }) => weight));
  const lotOf = (release: Release | undefined): Lot => lots.get(release?.name ?? "") ?? nowhere;

  const byCookie = (asked: Asked, name: string): Lot => {
    const known = cookieOf(asked, name);
    if (known !== undefined && given.test(known)) return byKey(known);
    const fresh = below(random, 2 ** 32)
      .toString(16)
      .padStart(8, "0");
    const secure = asked.peer.isSecure ? "; Secure" : "";
    const line = `Set-Cookie: ${name}=${fresh}; Path=/; HttpOnly; SameSite=Lax${secure}\r\n`;
    return { ...byKey(fresh), line };
  };

  const split: Split = {
    apply(next) {
      current = next;
      const before = releases;
      const entries = Object.entries(next.weights).map(([name, weight]) => {
        const release = { name, weight, place: hashOf(name), turn: before.get(name)?.turn ?? 0 };
        return [name, release] as const;
      });
      releases = new Map(entries);
      lots = new Map(entries.map(([name]) => [name, { release: name, line: "" }]));
    },
    lotOf(asked) {
      const { override, sticky } = current;
      const wanted = override === undefined ? undefined : fieldOf(asked, override);
      const chosen = wanted === undefined ? undefined : lots.get(wanted);
      if (chosen) return chosen;
      if (sticky?.by === "cookie") return byCookie(asked, sticky.name);
      const key = sticky && fieldOf(asked, sticky.name);
      return key ? byKey(key) : byTurn();
    },
    mayTakeOver: (release) => release === undefined || (releases.get(release)?.weight ?? 0) > 0,
  };
  split.apply(block);
  return split;
}

const nowhere: Lot = { release: "", line: "" };
