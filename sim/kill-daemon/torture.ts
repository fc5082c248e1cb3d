// Kills the daemon again and again while its services fall ill, and holds it to what it promises.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Load, startLoad } from "../../examples/shop/load.ts";
import { below, type Random } from "../../src/kernel/random.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { exited, until } from "../../test/process/support/project.ts";
import { createShop, type Shop } from "../../test/process/support/shop.ts";
import { doubleStarts, gaps, missing, repeated } from "./audit.ts";
import { sicken } from "./sicken.ts";
import { doublesIn, strays, type Watch, watch } from "./watch.ts";
import { listen, type Witness } from "./witness.ts";

export interface Torture {
  readonly kills: number;
  /** How many of them fell into the start of the daemon, and how many into a running action. */
  readonly inBoot: number;
  readonly inAction: number;
  readonly events: number;
  readonly told: number;
  readonly actions: number;
  readonly looks: number;
  readonly sick: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly safeLost: number;
  /** From the end of the sicknesses to all healthy; infinite when that never came. */
  readonly healthyMs: number;
  readonly tookMs: number;
  /** Each list is empty when the promise was held. */
  readonly faults: Readonly<Record<Promised, readonly string[]>>;
}

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
const healLimitMs = 120_000;
/** One sweep of the daemon. */
const settleMs = 6_000;

interface Trial {
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

export async function torture(options: {
  readonly kills: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}): Promise<Torture> {
  const fromMs = performance.now();
  const shop = await createShop({
    perHour: 10_000,
    strikes: 100,
    cooldown: { first: "300ms", max: "2s" },
    verify: { healthy: "1s", timeout: "12s" },
  });
  const trial = await begin(shop, seeded(options.seed), options.say);
  try {
    const sickener = sicken(shop, seeded(options.seed + 1));
    const count = { boot: 0, action: 0 };
    for (let n = 1; n <= options.kills; n++) {
      const when = await killOnce(trial, n);
      if (when !== "any") count[when]++;
    }
    await sickener.stop();
    const healthyMs = await settle(trial);
    const events = shop.project.journal();
    const { sent, lostIdempotent } = await trial.load.stop();
    await end(trial);
    const { faults, watch } = trial;
    if (Object.values(faults).some((list) => list.length > 0)) keepState(shop, options.seed);
    return {
      kills: options.kills,
      inBoot: count.boot,
      inAction: count.action,
      events: events.length,
      told: trial.witness.told.size,
      actions: events.filter((event) => event.type === "action.started").length,
      looks: watch.looks,
      sick: sickener.done,
      requests: sent,
      safeLost: lostIdempotent,
      healthyMs,
      tookMs: performance.now() - fromMs,
      faults,
    };
  } finally {
    await trial.witness.stop();
    await trial.watch.stop();
    await trial.load.stop();
    await shop.project.remove();
  }
}

async function begin(shop: Shop, random: Random, say: Trial["say"]): Promise<Trial> {
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
  await project.healthy(60_000);
  // Only a config that was proven can be put back.
  await until("the config of payments is proven", 30_000, async () =>
    [...trial.witness.told.values()].some((text) => text.includes("homeostat.config.proven"))
      ? true
      : undefined,
  );
  return trial;
}

type When = "boot" | "action" | "any";

/** Kills the daemon, starts it anew at once, and looks at what the dead one has left. */
async function killOnce(trial: Trial, n: number): Promise<When> {
  const { shop, witness, faults } = trial;
  const when = await waitForInstant(trial, n);
  const { daemon } = trial;
  if (daemon.exitCode !== null || daemon.signalCode !== null) {
    faults.daemon.push(`before kill ${n}: exit code ${daemon.exitCode ?? daemon.signalCode}`);
  } else {
    const gone = once(daemon, "exit");
    daemon.kill("SIGKILL");
    await gone;
  }
  const told = new Map(witness.told);
  trial.daemon = shop.project.spawnUp();
  trial.bornMs = performance.now();
  const events = shop.project.journal();
  const project = "trial";
  const faultsNow = { missing: missing(events, told, project), gaps: gaps(events) };
  faults.missing.push(...faultsNow.missing.map((text) => `after kill ${n}: ${text}`));
  faults.gaps.push(...faultsNow.gaps.map((text) => `after kill ${n}: ${text}`));
  trial.say(`kill ${n} (${when}): ${events.length} events, ${told.size} told`);
  return when;
}

/** A quarter of the kills fall into the start, a quarter into an action, the rest anywhere. */
async function waitForInstant({ random, witness }: Trial, n: number): Promise<When> {
  const kind = random();
  if (n % 10 === 0) {
    // Now and then it gets time to finish what it began.
    await sleep(5_000 + below(random, 2_000));
    return "any";
  }
  if (kind < 0.25) {
    await sleep(50 + below(random, 1_400));
    return "boot";
  }
  if (kind < 0.5) {
    const begins = new Promise<boolean>((resolve) => {
      witness.onEvent = (text) => {
        if (/"homeostat\.action\.(intended|started)"/.test(text)) resolve(true);
      };
    });
    const inAction = await Promise.race([begins, sleep(4_000, false)]);
    witness.onEvent = () => {};
    await sleep(below(random, 80));
    return inAction ? "action" : "any";
  }
  await sleep(300 + below(random, 2_700));
  return "any";
}

/** Journal and logs of a trial that failed, for whoever looks into it. */
function keepState({ project }: Shop, seed: number): void {
  const kept = join(tmpdir(), `homeostat-torture-${seed}`);
  rmSync(kept, { recursive: true, force: true });
  cpSync(project.folder, kept, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  process.stderr.write(`seed ${seed}: what was left is kept in ${kept}\n`);
}

/** After the last restart everything becomes well, with one process each; how long that took. */
async function settle({ shop, faults, watch, say }: Trial): Promise<number> {
  const { project } = shop;
  const fromMs = performance.now();
  let healthyMs = Number.POSITIVE_INFINITY;
  try {
    await project.healthy(healLimitMs);
    healthyMs = performance.now() - fromMs;
  } catch {
    const view = await project.view().catch(() => undefined);
    const sick = view?.services.filter((it) => it.health !== "healthy") ?? [];
    faults.sick.push(...sick.map(({ name, health, note }) => `${name} ${health}: ${note}`));
    for (const { id, title, state } of view?.incidents ?? []) {
      if (state !== "resolved" && state !== "closed") say(`incident ${id} is ${state}: ${title}`);
    }
    if (!view) faults.sick.push("the daemon does not answer");
  }
  await sleep(settleMs);
  const all = project.marked();
  faults.orphans.push(
    ...watch.orphans,
    ...strays(all).map((it) => `${it.target} ${it.pid} at the end`),
  );
  faults.doubles.push(...watch.doubles, ...doublesIn(all));
  const leaders = new Set(all.filter((it) => it.leader).map((it) => it.target));
  const view = await project.view();
  const wanted = view.services.flatMap((it) => it.instances.map((instance) => instance.target));
  faults.sick.push(...wanted.filter((it) => !leaders.has(it)).map((it) => `${it} has no process`));
  const [, ...more] = [...watch.gateways];
  faults.gateways.push(...more.map((pid) => `process ${pid}`));
  return healthyMs;
}

async function end({ shop, faults, daemon, witness }: Trial): Promise<void> {
  const { project } = shop;
  await project.cli("down");
  await exited(daemon, 30_000);
  faults.left.push(...project.marked().map((it) => `${it.target} ${it.pid}`));
  await witness.stop();
  const events = project.journal();
  faults.missing.push(...witness.different, ...missing(events, witness.told, "trial"));
  faults.gaps.push(...gaps(events));
  faults.repeated.push(...repeated(events));
  faults.doubles.push(...doubleStarts(events));
  const replay = await project.cli("--json", "replay");
  if (replay.code !== 0) faults.replay.push(replay.out || replay.err);
}
