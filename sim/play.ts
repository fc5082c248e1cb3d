// Plays one seed: a town, its daemon, its people and its troubles, held against the invariants.
import { openIncidents } from "../src/controller/state.ts";
import { createStep, type Step } from "../src/controller/step.ts";
import { messageOf } from "../src/kernel/errors.ts";
import type { Event } from "../src/model/event.ts";
import { traits } from "../src/wiring/actions.ts";
import { detectorRules } from "../src/wiring/kinds.ts";
import { createShell, type Death, type Shell } from "./daemon.ts";
import { type Dice, dice } from "./dice.ts";
import { type Clumsiness, createHands, epochMs, type Hands } from "./hands.ts";
import { Breach, createInvariants } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import { createPeople, type People } from "./people.ts";
import { createQueue, type Queue } from "./queue.ts";
import { sameReplay, sameState } from "./same.ts";
import { makeTown } from "./town.ts";
import { strike } from "./troubles.ts";
import { turnsHold } from "./turns.ts";
import { createWorld, type World, write } from "./world.ts";

export interface PlayOptions {
  readonly seed: number;
  readonly days: number;
  /** Nothing befalls it that a person would call a failure. */
  readonly healthy?: boolean;
  /** Every tick is made, also while nothing goes on. */
  readonly restless?: boolean;
}

export interface Played {
  readonly seed: number;
  readonly steps: number;
  readonly events: readonly Event[];
  readonly book: Ledger;
  /** What befell it, by name, how often. */
  readonly struck: Readonly<Record<string, number>>;
  /** The largest the state has been, in characters of JSON. */
  readonly stateMax: number;
  readonly promoted: number;
  readonly failure?: string;
}

export interface Scene {
  readonly options: PlayOptions;
  readonly queue: Queue;
  readonly chance: Dice;
  readonly world: World;
  readonly shell: Shell;
  readonly people: People;
  readonly step: Step;
  readonly book: Ledger;
  readonly struck: Record<string, number>;
  readonly clumsy: Clumsiness;
  hands: Hands | undefined;
  stateMax: number;
  promoted: number;
  over: boolean;
}

const minuteMs = 60_000;
const startMs = 1_000_000;
const dayMs = 1_440 * minuteMs;
/** A state of 100 ended incidents is larger than a first look suggests; more than this is a leak. */
const stateCharsMax = 4_000_000;

export function play(options: PlayOptions): Played {
  const scene = setUp(options);
  let failure: string | undefined;
  try {
    live(scene);
  } catch (error) {
    const where = error instanceof Breach ? "" : "the step threw: ";
    failure = `${where}${messageOf(error)}`;
  }
  return {
    seed: options.seed,
    steps: scene.shell.steps,
    events: scene.shell.journal,
    book: scene.book,
    struck: scene.struck,
    stateMax: scene.stateMax,
    promoted: scene.promoted,
    ...(failure === undefined ? {} : { failure }),
  };
}

function setUp(options: PlayOptions): Scene {
  const chance = dice(options.seed);
  const town = makeTown(chance.fork(1), options.healthy === true);
  const queue = createQueue(startMs);
  const world = createWorld(town, queue, chance.fork(2));
  const step = createStep({ rulesFor: detectorRules(), traits });
  const { book, check } = createInvariants();
  const shell = createShell({
    queue,
    dice: chance.fork(3),
    step,
    tickMs: town.tickMs,
    checked: (before, after, events) => {
      check(events);
      if (events.length > 0) scene.promoted += turnsHold(before.state, after.state);
      for (const event of events) {
        if (options.healthy && event.type === "action.intended") {
          throw new Breach(`${event.data.kind} ${event.data.target} in a healthy world`);
        }
        people.read(event);
      }
    },
  });
  const people = createPeople(world, shell, chance.fork(4), () => scene.hands);
  const clumsy = options.healthy
    ? { fails: 0, late: 0, blind: 0 }
    : { fails: chance.pick([0, 0.02, 0.1]), late: chance.pick([0, 0.03]), blind: 0.1 };
  const base = { options, queue, chance: chance.fork(5), world, shell, people, step, book };
  const counts = { stateMax: 0, promoted: 0, over: false };
  const scene: Scene = { ...base, struck: {}, clumsy, hands: undefined, ...counts };
  return scene;
}

function live(scene: Scene): void {
  const { options, queue } = scene;
  wakeDaemon(scene);
  queue.runUntil(queue.nowMs + 3 * minuteMs);
  keepBefalling(scene);
  look(scene);
  queue.runUntil(queue.nowMs + options.days * dayMs);
  finale(scene);
}

/** A daemon begins where the journal ends; what it knows then must be what the last one knew. */
function wakeDaemon(scene: Scene): void {
  const { shell, world, clumsy } = scene;
  sameState(shell);
  shell.start((session) => {
    scene.hands = createHands(world, session, () => shell.mind.state, clumsy, {
      read: (afterSeq = 0) => shell.journal.slice(afterSeq),
      lastTick: () => shell.ticks.at(-1),
    });
    return scene.hands;
  });
}

/** Everything that comes upon the world by chance, each kind in its own rhythm. */
function keepBefalling(scene: Scene): void {
  const { chance, world, people, shell, options } = scene;
  const bad = options.healthy !== true;
  const rhythm = (meanMs: number, what: () => string): void => {
    const next = (): void => {
      if (scene.over) return;
      // The daemon is awake and has looked around for a while when it happens.
      shell.stir();
      world.queue.after(chance.between(10_000, 20_000), () => {
        const name = scene.over ? undefined : what();
        if (name !== undefined) scene.struck[name] = (scene.struck[name] ?? 0) + 1;
      });
      world.queue.after(chance.wait(meanMs) + 20_000, next);
    };
    world.queue.after(chance.wait(meanMs), next);
  };
  rhythm(60 * minuteMs, () => people.act(bad));
  rhythm(180 * minuteMs, () => stall(scene));
  rhythm(240 * minuteMs, () => stepClock(scene));
  if (chance.chance(0.7)) rhythm(chance.pick([30, 180]) * minuteMs, () => kill(scene));
  if (bad) rhythm(chance.pick([5, 20, 60]) * minuteMs, () => strike(world, chance));
}

function stall({ shell, chance }: Scene): string {
  shell.stall(chance.between(1_000, 60_000));
  return "daemon stalls";
}

function stepClock({ shell, chance }: Scene): string {
  const offsetMs = epochMs + Math.round(chance.between(-1, 1) * 3_600_000);
  const subject = shell.mind.state.policy.project;
  shell.session?.after(0, () => {
    shell.emit({ type: "clock.stepped", subject, data: { offsetMs } });
  });
  return "clock steps";
}

function kill(scene: Scene): string {
  const { shell, chance, queue } = scene;
  const deaths: readonly Death[] = ["unwritten", "undone", "halfway"];
  if (chance.chance(0.5)) shell.doom(chance.pick(deaths));
  else shell.die();
  const again = (): void => {
    if (shell.session === undefined) wakeDaemon(scene);
    else if (!scene.over) queue.after(5_000, again);
  };
  queue.after(chance.pick([1_000, 5_000, 30_000, 600_000]), again);
  return "daemon dies";
}

/** Looks at the whole state now and then, and lets quiet times pass quickly. */
function look(scene: Scene): void {
  const { queue, shell, options } = scene;
  const size = JSON.stringify(shell.mind.state).length;
  scene.stateMax = Math.max(scene.stateMax, size);
  if (size > stateCharsMax) throw new Breach(`the state has grown to ${size} characters`);
  for (const incident of Object.values(shell.mind.state.incidents)) {
    const { symptoms, actions, approvals, refusals, evidence } = incident;
    const most = Math.max(
      ...[symptoms, actions, approvals, refusals, evidence].map((it) => it.length),
    );
    if (most > 110) throw new Breach(`incident ${incident.id} has a list of ${most} entries`);
  }
  if (!options.restless && isQuiet(scene)) shell.rest(queue.nowMs + 15 * minuteMs);
  else shell.stir();
  queue.after(minuteMs, () => look(scene));
}

function isQuiet({ shell, queue, book }: Scene): boolean {
  const { state } = shell.mind;
  const quietMs = queue.nowMs - state.atMs;
  const atWork = openIncidents(state).some((incident) => incident.state !== "escalated");
  return quietMs > 3 * minuteMs && !atWork && book.pending.size === 0;
}

/** The world is well for long enough: everything that was begun must end. */
function finale(scene: Scene): void {
  const { world, shell, queue, people, book } = scene;
  scene.over = true;
  shell.doom(undefined);
  world.ailments.cure();
  for (const file of world.files.values()) {
    if (world.badVersions.has(file.version)) write(world, file.name, `${file.name}#good`);
  }
  if (!shell.session) wakeDaemon(scene);
  people.resume();
  queue.runUntil(queue.nowMs + 45 * minuteMs);
  for (const { id, state } of openIncidents(shell.mind.state)) {
    if (state !== "escalated") throw new Breach(`incident ${id} is ${state} in a world long well`);
  }
  // What others need comes first, as a person would do it.
  for (const service of Object.keys(world.town.policy.services)) {
    people.restart(service);
    queue.runUntil(queue.nowMs + 3 * minuteMs);
  }
  queue.runUntil(queue.nowMs + 15 * minuteMs);
  const { state } = shell.mind;
  const left = [
    ...openIncidents(state).map((it) => `incident ${it.id} (${it.state})`),
    ...Object.keys(state.symptoms).map((key) => `symptom ${key}`),
    ...Object.keys(state.degraded).map((name) => `${name} degraded`),
    ...[...book.pending.keys()].map((id) => `${id} not over`),
  ];
  if (left.length > 0) throw new Breach(`after all was mended: ${left.join(", ")}`);
  sameState(shell);
  sameReplay(scene.shell, scene.step);
}
