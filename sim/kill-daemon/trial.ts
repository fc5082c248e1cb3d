// One trial of the daemon: the shop under load, whoever watches it, and what was seen to be wrong.
import type { ChildProcess } from "node:child_process";
import { type Load, startLoad } from "../../examples/shop/load.ts";
import { below, type Random } from "../../src/kernel/random.ts";
import { until } from "../../test/process/support/project.ts";
import type { Shop } from "../../test/process/support/shop.ts";
import { type Watch, watch } from "./watch.ts";
import { listen, type Witness } from "./witness.ts";

export const promises = {
  missing: "told events missing or different",
  gaps: "gaps in the sequence",
  repeated: "actions repeated",
  doubles: "instances with two processes",
  orphans: "orphans",
  gateways: "gateways beside the first",
  sick: "services that did not become healthy",
  left: "processes left after down",
  replay: "decisions that replay differently",
  daemon: "daemons that ended by themselves",
} as const;
export type Promised = keyof typeof promises;

const ratePerS = 5;

export interface Trial {
  readonly shop: Shop;
  readonly random: Random;
  readonly witness: Witness;
  readonly watch: Watch;
  readonly load: Load;
  readonly faults: Record<Promised, string[]>;
  readonly say: (text: string) => void;
  daemon: ChildProcess;
  bornMs: number;
}

export function begin(shop: Shop, random: Random, say: Trial["say"]): Trial {
  const { project } = shop;
  const names = Object.keys(promises) as readonly Promised[];
  const trial: Trial = {
    shop,
    random,
    witness: listen(project.url),
    watch: watch(project.state, () => performance.now() - trial.bornMs),
    load: startLoad({ baseUrl: shop.url, ratePerS, seed: below(random, 1_000) }),
    faults: Object.fromEntries(names.map((name) => [name, []])) as unknown as Trial["faults"],
    say,
    daemon: project.spawnUp(),
    bornMs: performance.now(),
  };
  return trial;
}

/** Resolves when everything runs and is well. */
export async function ready({ shop, witness }: Trial): Promise<void> {
  await shop.project.healthy(60_000);
  // Only a config that was proven can be put back.
  await until("the config of payments is proven", 30_000, async () =>
    [...witness.told.values()].some((text) => text.includes("homeostat.config.proven"))
      ? true
      : undefined,
  );
}

/** Ends everything that belongs to it, however far it came. */
export async function end({ shop, witness, watch, load }: Trial): Promise<void> {
  await Promise.all([witness.stop(), watch.stop(), load.stop()]);
  await shop.project.remove();
}
