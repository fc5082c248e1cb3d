// An app that disrupts ready-made targets and then waits to be killed; its targets, for the next process.
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/kernel/clock.ts";
import { type Chaos, createChaos } from "../../../src/runtime/chaos/chaos.ts";
import { firewallBlock } from "../../../src/runtime/chaos/targets/firewall.ts";
import { pausedProcess } from "../../../src/runtime/chaos/targets/process.ts";
import { flushedRedis } from "../../../src/runtime/chaos/targets/redis.ts";
import { changedSetting } from "../../../src/runtime/chaos/targets/setting.ts";
import { redisBinary } from "./redis-binary.ts";

export interface World {
  readonly folder: string;
  readonly redisPort?: number;
  readonly pid?: number;
  readonly block?: {
    readonly netns: string;
    readonly port: number;
    readonly tool: "nft" | "iptables";
  };
}

export const settingOf = (folder: string): string => join(folder, "pool.json");

/** Chaos with the targets of the world; it ends with `stop`. */
export function chaosIn(world: World, armed: boolean): Chaos {
  const { folder, redisPort, pid, block } = world;
  const chaos = createChaos({ armed, journalFile: join(folder, "chaos.json"), atOnceMax: 9 });
  const file = settingOf(folder);
  const rare = { meanIntervalMs: 3_600_000 };
  if (redisPort !== undefined) {
    const { send } = redisBinary(redisPort);
    const dump = join(folder, "keys.dump");
    chaos.register("cache", flushedRedis({ send, prefix: "shop:", file: dump, ...rare }));
  }
  if (pid !== undefined) {
    chaos.register("worker", pausedProcess({ pid, ...rare }));
    chaos.register(
      "pool",
      changedSetting({
        get: () => JSON.parse(readFileSync(file, "utf8")),
        set: (value) => writeFileSync(file, JSON.stringify(value)),
        to: { max: 1 },
        ...rare,
      }),
    );
  }
  if (block) chaos.register("wall", firewallBlock({ host: "127.0.0.1", ...block, ...rare }));
  return chaos;
}

async function disturb(chaos: Chaos): Promise<void> {
  await chaos.start();
  writeSync(1, "starting\n");
  for (const { name } of chaos.status()) await chaos.disruptNow(name);
  writeSync(1, `disrupted ${JSON.stringify(chaos.status().map(({ state }) => state))}\n`);
  await systemClock.sleep(20_000);
}

if (import.meta.main) {
  const [world = "", task] = process.argv.slice(2);
  const chaos = chaosIn(JSON.parse(world), task === "disturb");
  if (task === "disturb") await disturb(chaos);
  await chaos.start();
  const left = chaos.status().filter(({ state }) => state !== "calm");
  process.exit(left.length);
}
