// Plays one seed of the restart trials: services that end in every rhythm, people, and dying daemons.

import { replay } from "../../src/controller/replay.ts";
import { openIncidents } from "../../src/controller/state.ts";
import { createStep } from "../../src/controller/step.ts";
import { messageOf } from "../../src/kernel/errors.ts";
import { serviceOf } from "../../src/model/target.ts";
import { simClock } from "../../src/testing/sim-clock.ts";
import { traits } from "../../src/wiring/actions.ts";
import { dice } from "../dice.ts";
import { Breach } from "../invariants.ts";
import { type Disk, startDaemon } from "./daemon.ts";
import { createMachine } from "./machine.ts";
import { makePolicy } from "./policy.ts";
import { createRules, type Rules } from "./rules.ts";
import * as befall from "./troubles.ts";
import { resume, type Scene, sameState, targets } from "./troubles.ts";

export interface RestartTrial {
  readonly seed: number;
  readonly steps: number;
  readonly events: Disk["journal"];
  readonly counts: Rules["counts"];
  readonly deaths: number;
  readonly failure?: string;
}

const hourMs = 3_600_000;
/** Rules about time are looked at so often. */
const lookMs = 10_000;

export async function playRestarts(options: {
  readonly seed: number;
  readonly hours: number;
}): Promise<RestartTrial> {
  const scene = setUp(options.seed);
  let failure: string | undefined;
  try {
    await live(scene, options.hours);
  } catch (error) {
    failure = `${error instanceof Breach ? "" : "it threw: "}${messageOf(error)}`;
  }
  scene.daemon?.die("now");
  const { disk, rules, deaths } = scene;
  const steps = scene.steps + (scene.daemon?.steps ?? 0);
  const base = { seed: options.seed, steps, events: disk.journal, counts: rules.counts, deaths };
  return failure === undefined ? base : { ...base, failure };
}

function setUp(seed: number): Scene {
  const chance = dice(seed);
  const clock = simClock(1_000_000);
  const machine = createMachine(clock, chance.fork(2));
  const policy = makePolicy(chance.fork(1));
  const rules = createRules(machine, policy);
  const disk: Disk = { journal: [], ticks: [] };
  const [tickMs, unreachable] = [chance.pick([250, 500, 1_000]), chance.pick([0, 0, 0.5, 0.95])];
  const step = createStep({ rulesFor: () => [], traits });
  const onBroken = (error: unknown): void => {
    scene.broken ??= error;
  };
  const own = chance.fork(3);
  const scene: Scene = {
    ...{ clock, machine, policy, rules, disk, chance: chance.fork(4), unreachable },
    makeDaemon: () =>
      startDaemon({
        ...{ clock, machine, policy, disk, step, tickMs, unreachable, onBroken, dice: own },
        checked: (events, mind) => rules.check(events, mind),
      }),
    ...{ daemon: undefined, dying: false, deaths: 0, steps: 0, over: false, broken: undefined },
  };
  machine.isHeld = (target) => serviceOf(target) in (scene.daemon?.mind.state.held ?? {});
  return scene;
}

async function live(scene: Scene, hours: number): Promise<void> {
  const { clock, chance } = scene;
  scene.daemon = scene.makeDaemon();
  const rhythm = (meanMs: number, what: () => void): void => {
    const next = (): void => {
      if (scene.over) return;
      what();
      clock.sleep(chance.wait(meanMs) + 1_000).then(next, () => {});
    };
    clock.sleep(chance.wait(meanMs)).then(next, () => {});
  };
  rhythm(3 * hourMs, () => befall.changeTemper(scene));
  rhythm(2 * hourMs, () => befall.crash(scene));
  rhythm(6 * hourMs, () => befall.stopAndStart(scene));
  rhythm(8 * hourMs, () => befall.rolling(scene));
  rhythm(8 * hourMs, () => befall.pause(scene));
  rhythm(4 * hourMs, () => befall.kill(scene));
  await pass(scene, hours * hourMs);
  await finale(scene);
}

/** In pieces, so that what is broken ends the trial where it broke. */
async function pass(scene: Scene, ms: number): Promise<void> {
  const { clock, rules } = scene;
  const endMs = clock.now() + ms;
  while (clock.now() < endMs) {
    await clock.advance(Math.min(lookMs, endMs - clock.now()));
    if (scene.broken !== undefined) throw scene.broken;
    if (scene.daemon?.alive) rules.settle(clock.now());
  }
}

/** The world is well for long enough: what is to run runs, and nothing is left half done. */
async function finale(scene: Scene): Promise<void> {
  const { machine, policy } = scene;
  scene.over = true;
  machine.calm = true;
  for (const target of targets(scene)) machine.tempers.set(target, "sound");
  await pass(scene, 3 * hourMs);
  if (!scene.daemon?.alive) throw new Breach("no daemon came back");
  resume(scene);
  for (const service of Object.keys(scene.daemon.mind.state.held)) {
    void scene.daemon.orders.start(service, "ann", () => {});
  }
  await pass(scene, 3 * hourMs);
  const { state } = scene.daemon.mind;
  for (const target of targets(scene)) {
    const { restart } = policy.services[serviceOf(target)] ?? {};
    const rests = state.instances[target]?.exit?.expected === true || restart?.when === "never";
    if (!rests && !machine.living(target)) throw new Breach(`${target} does not run at the end`);
  }
  for (const { id, state: now } of openIncidents(state)) {
    const isTold = now === "escalated" || (now === "open" && scene.unreachable > 0);
    if (!isTold) throw new Breach(`incident ${id} is ${now} in a world long well`);
  }
  sameState(scene);
  sameReplay(scene);
}

function sameReplay({ disk }: Scene): void {
  const step = createStep({ rulesFor: () => [], traits });
  const { difference } = replay(step, disk.journal, disk.ticks, "trial");
  if (!difference) return;
  const { seq, journal, replay: got } = difference;
  throw new Breach(`replay differs at ${seq}: journal ${journal}, replay ${got}`);
}
