// Makes the shop sick at random: what it does, it does to the processes themselves, daemon or none.
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../src/kernel/random.ts";
import { below } from "../../src/kernel/random.ts";
import type { Marked } from "../../test/process/support/marked.ts";
import type { Shop } from "../../test/process/support/shop.ts";

export interface Sickener {
  /** What was done and how often. */
  readonly done: Readonly<Record<string, number>>;
  /** Ends with what passes by itself lifted. */
  stop(): Promise<void>;
}

const [shortestMs, longestMs] = [700, 2_600];
const slowLastsMs = 4_000;

export function sicken(shop: Shop, random: Random): Sickener {
  const done: Record<string, number> = {};
  const stopped = new AbortController();
  const pick = (pattern: RegExp): Marked | undefined => {
    const fit = shop.project.marked().filter((it) => it.leader && pattern.test(it.target));
    return fit[below(random, fit.length)];
  };
  const tell = async (pattern: RegExp, name: string, body: object = {}): Promise<boolean> => {
    const one = pick(pattern);
    return one !== undefined && order(one.port, name, body);
  };
  const sicknesses: readonly (readonly [string, number, () => boolean | Promise<boolean>])[] = [
    ["kill -9", 6, () => end(pick(/^(?!@)/))],
    ["block", 2, () => tell(/^(web|catalog)/, "block")],
    ["bad config", 2, () => spoil(shop)],
    ["slow", 2, () => slow(tell, stopped.signal)],
    ["stall", 2, () => tell(/^worker/, "stall")],
    ["gc pause", 1, () => tell(/^(web|payments)/, "gc", { ms: 800 })],
    ["failed probe", 1, () => tell(/^(web|catalog|payments)/, "fail-probe", { times: 1 })],
  ];
  const bag = sicknesses.flatMap((one) => Array.from({ length: one[1] }, () => one));

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const ms = shortestMs + below(random, longestMs - shortestMs);
      await sleep(ms, undefined, { signal: stopped.signal }).catch(() => {});
      const one = bag[below(random, bag.length)];
      if (stopped.signal.aborted || !one) return;
      if (await one[2]()) done[one[0]] = (done[one[0]] ?? 0) + 1;
    }
  };
  const over = run();
  return {
    done,
    stop: async () => {
      stopped.abort();
      await over;
      await tell(/^recommendations/, "slow", { on: false });
    },
  };
}

/** False when the bad config of the last time still stands. */
function spoil(shop: Shop): boolean {
  if (!shop.hasSoundConfig()) return false;
  shop.writeBadConfig();
  return true;
}

function end(one: Marked | undefined): boolean {
  if (!one) return false;
  try {
    return process.kill(one.pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
    return false;
  }
}

/** False when the process does not listen: it is dead, or blocked already. */
async function order(port: number, name: string, body: object): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/_sick/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(1_000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function slow(
  tell: (pattern: RegExp, name: string, body?: object) => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const begun = await tell(/^recommendations/, "slow", { ms: 1_200 });
  if (!begun) return false;
  sleep(slowLastsMs, undefined, { signal }).then(
    () => tell(/^recommendations/, "slow", { on: false }),
    () => {},
  );
  return true;
}
