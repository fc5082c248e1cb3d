// What befalls a restart trial: processes that end, people who stop and start, daemons that die.
import { isDeepStrictEqual } from "node:util";
import { instancesOf } from "../../src/controller/state.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Target } from "../../src/model/target.ts";
import type { SimClock } from "../../src/testing/sim-clock.ts";
import { remembered } from "../daemon.ts";
import type { Dice } from "../dice.ts";
import { Breach } from "../invariants.ts";
import type { Daemon, Disk } from "./daemon.ts";
import type { Machine, Temper } from "./machine.ts";
import type { Rules } from "./rules.ts";

export interface Scene {
  readonly clock: SimClock;
  readonly chance: Dice;
  readonly machine: Machine;
  readonly policy: Policy;
  readonly rules: Rules;
  readonly disk: Disk;
  readonly makeDaemon: () => Daemon;
  /** Share of the pages that reach nobody. */
  readonly unreachable: number;
  daemon: Daemon | undefined;
  dying: boolean;
  deaths: number;
  steps: number;
  over: boolean;
  broken: unknown;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export function targets({ policy }: Scene): readonly Target[] {
  return Object.values(policy.services).flatMap(instancesOf);
}

const tempers: readonly Temper[] = [
  ...(["brief", "brief", "instant", "finishing", "unspawnable", "slow-death"] as const),
];

export function changeTemper(scene: Scene): void {
  const { machine, chance, clock } = scene;
  const target = chance.pick(targets(scene));
  machine.tempers.set(target, chance.pick(tempers));
  const process = machine.living(target);
  if (process) machine.end(process, { code: 1, signal: null });
  const lastsMs = chance.pick([20_000, 2 * minuteMs, 15 * minuteMs, 2 * hourMs]);
  clock.sleep(lastsMs * chance.between(0.3, 1.5)).then(
    () => void machine.tempers.set(target, "sound"),
    () => {},
  );
}

export function crash({ machine, chance }: Scene): void {
  const alive = machine.processes.filter(({ end }) => !end);
  if (alive.length === 0) return;
  const how = chance.pick([{ code: 0 }, { code: 1 }, { code: 134 }]);
  machine.end(chance.pick(alive), { ...how, signal: null });
}

/** People hold a service down for a while; sometimes they change their mind at once. */
export function stopAndStart(scene: Scene): void {
  const { chance, clock, daemon } = scene;
  const service = chance.pick(Object.keys(scene.policy.services));
  if (!daemon?.alive) return;
  const { deaf } = scene.machine;
  const target = `${service}/1`;
  if (chance.chance(0.2)) deaf.add(target);
  else deaf.delete(target);
  void daemon.orders.stop(service, "ann", () => {}).catch(() => {});
  const start = (): void => {
    const now = scene.daemon;
    if (!now?.alive) clock.sleep(5_000).then(start, () => {});
    else void now.orders.start(service, "ann", () => {}).catch(() => {});
  };
  clock
    .sleep(chance.pick([10, 500, 20_000, 40 * minuteMs]) * chance.between(0.5, 1.5))
    .then(start, () => {});
}

export function rolling({ chance, daemon, policy }: Scene): void {
  if (!daemon?.alive) return;
  const service = chance.pick(Object.keys(policy.services));
  void daemon.orders.restart(service, "ann", () => {}).catch(() => {});
}

export function pause(scene: Scene): void {
  const { chance, clock, policy } = scene;
  const subject = policy.project;
  scene.daemon?.emit({ type: "operator.paused", subject, data: { by: "ann", reason: "works" } });
  clock.sleep(chance.between(0.1, 20) * minuteMs).then(
    () => resume(scene),
    () => {},
  );
}

export function resume(scene: Scene): void {
  const { daemon, clock, policy } = scene;
  if (!daemon?.alive)
    clock.sleep(5_000).then(
      () => resume(scene),
      () => {},
    );
  else if (daemon.mind.state.paused) {
    daemon.emit({ type: "operator.resumed", subject: policy.project, data: { by: "ann" } });
  }
}

export function kill(scene: Scene): void {
  const { chance, clock, rules, daemon } = scene;
  if (!daemon?.alive || scene.dying) return;
  scene.dying = true;
  daemon.die(chance.pick(["now", "now", "unwritten", "undone"]));
  const again = (): void => {
    if (daemon.alive) {
      clock.sleep(1_000).then(again, () => {});
      return;
    }
    rules.asleep();
    scene.deaths += 1;
    scene.steps += daemon.steps;
    const wantedMs = chance.pick([50, 2_000, 60_000, 20 * minuteMs]);
    clock.sleep(wantedMs).then(
      () => wake(scene),
      () => {},
    );
  };
  again();
}

function wake(scene: Scene): void {
  sameState(scene);
  scene.dying = false;
  scene.daemon = scene.makeDaemon();
}

export function sameState({ disk, daemon }: Scene): void {
  if (!daemon || isDeepStrictEqual(remembered(disk.journal), daemon.mind.state)) return;
  throw new Breach("the fold of the journal is another state than the one in memory");
}
