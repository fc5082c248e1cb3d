// How one route shares its requests out, over its configurations: what is said the same lives on.
import type { Random } from "../../../kernel/random.ts";
import type { Route } from "../../../protocol/gateway.ts";
import type { BalanceBlock } from "../../../protocol/gateway-balancing.ts";
import type { Asked } from "../asked.ts";
import type { Instance } from "../instance.ts";
import type { Choice } from "./choice.ts";
import { choiceOf } from "./choices.ts";
import { Outliers } from "./outliers.ts";
import { createSplit, type Split } from "./split.ts";
import { near } from "./zone.ts";

export interface Balancing {
  /** Whoever is ready and has the fewest in flight: nothing else is said. */
  readonly isPlain: boolean;
  readonly split: Split | undefined;
  /** After the route's instances have been brought to what `route` says. */
  apply(route: Route): void;
  /** One of those that are able. */
  choose(able: readonly Instance[], asked: Asked, nowMs: number): Instance | undefined;
}

export interface BalancingParts {
  readonly random: Random;
  upstreams(): readonly Instance[];
  nowMs(): number;
}

const plain: BalanceBlock = { kind: "least" };

export function createBalancing({ random, upstreams, nowMs }: BalancingParts): Balancing {
  let said = "";
  let isPlain = true;
  let choice: Choice = choiceOf(plain, random);
  let zone: string | undefined;
  let split: Split | undefined;
  let outliers: Outliers | undefined;

  const applyOutlier = ({ outlier }: Route): void => {
    if (outlier && outliers) outliers.rules = outlier;
    else outliers = outlier && new Outliers(outlier, upstreams, nowMs());
    outliers?.prune();
    for (const up of upstreams()) up.judge = outliers;
  };

  return {
    get isPlain() {
      return isPlain;
    },
    get split() {
      return split;
    },
    apply(route) {
      const { balance = plain } = route;
      const now = JSON.stringify(balance);
      if (now !== said) choice = choiceOf(balance, random);
      said = now;
      zone = route.zone;
      if (route.split && split) split.apply(route.split);
      else split = route.split && createSplit(route.split, random);
      isPlain = zone === undefined && split === undefined && said === plainSaid;
      applyOutlier(route);
    },
    choose(able, asked, nowMs) {
      if (able.length < 2) return able[0];
      const close = zone === undefined ? able : near(able, upstreams(), zone, random);
      return choice.choose(close, asked, nowMs);
    },
  };
}

const plainSaid = JSON.stringify(plain);
