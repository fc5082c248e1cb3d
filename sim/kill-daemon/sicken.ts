// Makes the shop sick at random: what it does, it does to the processes themselves, daemon or none.
import { setTimeout as sleep } from "node:timers/promises";
import { below, type Random } from "../../src/kernel/random.ts";
import { isOurs, serviceOf } from "../../src/model/target.ts";
import type { Marked } from "../../test/process/support/marked.ts";
import type { Shop } from "../../test/process/support/shop.ts";
import type { Ailing } from "./ailing.ts";

export interface Sickener {
  /** What was done and how often. */
  readonly done: Readonly<Record<string, number>>;
  /** Ends with what passes by itself lifted. */
  stop(): Promise<void>;
}

const [shortestMs, longestMs] = [300, 1_500];
const slowLastsMs = 4_000;

interface Sickness {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  readonly of: RegExp;
  /** Whether the process fell ill; when it is over, as far as its process tells. */
  strike(one: Marked): Promise<(() => boolean) | undefined>;
}

export function sicken(shop: Shop, ailing: Ailing, random: Random): Sickener {
  const done: Record<string, number> = {};
  const stopped = new AbortController();
  const bag = sicknessesOf(shop).flatMap((one) => Array.from({ length: one.weight }, () => one));

  const strike = async ({ name, of, strike }: Sickness): Promise<void> => {
    const leaders = shop.project.marked().filter((it) => it.leader && !isOurs(it.target));
    const services = new Set(leaders.map((it) => serviceOf(it.target)));
    // All are asked: who is well has been so since it was first asked.
    const well = new Set([...services].filter((service) => ailing.isWell(service)));
    const fit = leaders.filter((it) => of.test(it.target) && well.has(serviceOf(it.target)));
    const one = fit[below(random, fit.length)];
    const isOver = one && (await strike(one));
    if (!isOver) return;
    ailing.fell(serviceOf(one.target), isOver);
    done[name] = (done[name] ?? 0) + 1;
  };
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const ms = shortestMs + below(random, longestMs - shortestMs);
      await sleep(ms, undefined, { signal: stopped.signal }).catch(() => {});
      const one = bag[below(random, bag.length)];
      if (one && !stopped.signal.aborted) await strike(one);
    }
  };
  const over = run();
  return {
    done,
    stop: async () => {
      stopped.abort();
      await over;
      for (const one of shop.project.marked()) {
        if (one.target.startsWith("recommendations")) await order(one.port, "slow", { on: false });
      }
    },
  };
}

function sicknessesOf(shop: Shop): readonly Sickness[] {
  const { project } = shop;
  const isGone = (one: Marked) => (): boolean => !project.marked().some((it) => it.pid === one.pid);
  const passes = (): boolean => true;
  const told =
    (name: string, body: object, isOver: (one: Marked) => () => boolean) =>
    async (one: Marked): Promise<(() => boolean) | undefined> =>
      (await order(one.port, name, body)) ? isOver(one) : undefined;
  return [
    {
      name: "kill -9",
      weight: 5,
      of: /./,
      strike: async (one) => (end(one) ? passes : undefined),
    },
    { name: "block", weight: 3, of: /^(web|catalog)/, strike: told("block", {}, isGone) },
    {
      name: "bad config",
      weight: 3,
      of: /^payments/,
      strike: async () => {
        shop.writeBadConfig();
        return shop.hasSoundConfig;
      },
    },
    {
      name: "slow",
      weight: 2,
      of: /^recommendations/,
      strike: async (one) => {
        const untilMs = performance.now() + slowLastsMs;
        if (!(await order(one.port, "slow", { ms: 1_200 }))) return undefined;
        setTimeout(() => void order(one.port, "slow", { on: false }), slowLastsMs);
        return () => performance.now() > untilMs;
      },
    },
    { name: "stall", weight: 2, of: /^worker/, strike: told("stall", {}, isGone) },
    {
      name: "gc pause",
      weight: 1,
      of: /^(web|payments)/,
      strike: told("gc", { ms: 800 }, () => passes),
    },
    {
      name: "failed probe",
      weight: 1,
      of: /^(web|catalog|payments)/,
      strike: told("fail-probe", { times: 1 }, () => passes),
    },
  ];
}

function end(one: Marked): boolean {
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
