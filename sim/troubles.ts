// What befalls a simulated world: failures of many kinds, each from the dice of the seed.
import type { Target } from "../src/model/target.ts";
import type { Ailment } from "./ailments.ts";
import type { Dice } from "./dice.ts";
import { end, type Process, targetsOf, type World, write } from "./world.ts";

const minuteMs = 60_000;

/** What a trouble may touch. */
interface Place {
  readonly world: World;
  readonly dice: Dice;
  readonly service: string;
  readonly target: Target;
  readonly process: Process | undefined;
}

export type Trouble = (place: Place) => void;

/** The failures of the sick worlds, by name. */
export const troubles: Readonly<Record<string, Trouble>> = {
  crash: ({ world, process, dice }) => {
    if (process) end(world, process, dice.pick([killed, { code: 1, signal: null }]));
  },
  "crash of all": ({ world, service }) => {
    for (const process of running(world, service)) end(world, process, killed);
  },
  "normal end": ({ world, process }) => {
    if (process) end(world, process, { code: 0, signal: null });
  },
  hang: (place) => ail(place, "hung", place.dice.chance(0.75) ? "process" : "target"),
  stuck: (place) => ail(place, "stuck", place.dice.chance(0.75) ? "process" : "target"),
  flapping: (place) => ail(place, "flaky", "target"),
  "common hang": (place) => ail(place, "hung", "service"),
  "common stuck": (place) => ail(place, "stuck", "service"),
  slow: (place) => ail(place, "slow", "service"),
  overload: (place) => ail(place, "busy", "service"),
  leak: (place) => ail(place, "leaking", place.dice.chance(0.7) ? "process" : "target"),
  errors: (place) => ail(place, "failing", "service"),
  "broken probe": (place) => ail(place, "unseen", "target"),
  "crash loop": (place) => {
    ail(place, "doomed", place.dice.chance(0.5) ? "service" : "target");
    if (place.process) end(place.world, place.process, { code: 1, signal: null });
  },
  "no spawn": (place) => {
    ail(place, "unspawnable", place.dice.chance(0.5) ? "service" : "target");
    if (place.process) end(place.world, place.process, killed);
  },
  "never ready": (place) => {
    ail(place, "late", "target");
    if (place.process) end(place.world, place.process, killed);
  },
  "deaf and hung": (place) => {
    ail(place, "deaf", "target");
    ail(place, "hung", "process");
  },
};

const killed = { code: null, signal: "SIGKILL" } as const;

function running(world: World, service: string): readonly Process[] {
  return targetsOf(world, service).flatMap((target) => {
    const process = world.processes.get(target);
    return process ? [process] : [];
  });
}

/** Most troubles pass by themselves some day; many not before a restart. */
function ail(place: Place, ailment: Ailment, on: "process" | "target" | "service"): void {
  const { world, dice, process } = place;
  const lastsMs = dice.pick([20_000, 2 * minuteMs, 10 * minuteMs, 60 * minuteMs]);
  const untilMs = world.queue.nowMs + lastsMs * dice.between(0.3, 2);
  const whom = on === "service" ? place.service : place.target;
  if (on !== "process") world.ailments.afflict({ ailment, on: whom, untilMs });
  else if (process) {
    world.ailments.afflict({ ailment, on: whom, pid: process.identity.pid, untilMs });
  }
}

/** One trouble, on a random service. */
export function strike(world: World, dice: Dice, only?: readonly string[]): string {
  const service = dice.pick(Object.keys(world.town.policy.services));
  const target = dice.pick(targetsOf(world, service));
  const name = dice.pick(only ?? Object.keys(troubles));
  troubles[name]?.({ world, dice, service, target, process: world.processes.get(target) });
  return name;
}

/** A new version of a random config file; undefined when the town has none. */
export function deploy(world: World, dice: Dice, bad: boolean): string | undefined {
  if (world.files.size === 0) return undefined;
  const file = dice.pick([...world.files.values()]);
  const version = `${file.name}#${Math.floor(dice.random() * 1e9)}`;
  if (bad) world.badVersions.add(version);
  write(world, file.name, version);
  return file.service;
}
