// Kills the daemon again and again while its services fall ill, and holds it to what it promises.
import { cpSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "../../src/testing/seeded.ts";
import { exited } from "../../test/process/support/project.ts";
import { createShop, type Shop } from "../../test/process/support/shop.ts";
import { watchAiling } from "./ailing.ts";
import { doubleStarts, gaps, missing, repeated } from "./audit.ts";
import { killOnce } from "./kill.ts";
import { sicken } from "./sicken.ts";
import { begin, end, type Promised, ready, type Trial } from "./trial.ts";
import { doublesIn, strays } from "./watch.ts";

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

const healLimitMs = 120_000;
/** One sweep of the daemon. */
const settleMs = 6_000;

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
  const trial = begin(shop, seeded(options.seed), options.say);
  try {
    await ready(trial);
    const ailing = watchAiling();
    for (const text of trial.witness.told.values()) ailing.note(text);
    trial.witness.listeners.add(ailing.note);
    const sickener = sicken(shop, ailing, seeded(options.seed + 1));
    const count = { boot: 0, action: 0 };
    for (let n = 1; n <= options.kills; n++) {
      const when = await killOnce(trial, n);
      if (when !== "any") count[when]++;
    }
    await sickener.stop();
    const healthyMs = await settle(trial);
    const events = shop.project.journal();
    const { sent, lostIdempotent } = await trial.load.stop();
    await finish(trial);
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
    await end(trial);
  }
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

async function finish({ shop, faults, daemon, witness }: Trial): Promise<void> {
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
