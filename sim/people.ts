// The people of a simulated world: they deploy, restart, pause, decide, and mend what they are told.
import type { Event, InputDraft } from "../src/model/event.ts";
import type { Approval } from "../src/model/refusal.ts";
import type { Shell } from "./daemon.ts";
import type { Dice } from "./dice.ts";
import type { Hands } from "./hands.ts";
import { deploy } from "./troubles.ts";
import { targetsOf, type World, write } from "./world.ts";

const minuteMs = 60_000;

export interface People {
  /** They read what the daemon tells them. */
  read(event: Event): void;
  /** Something that people do on an ordinary day; what it was. */
  act(bad: boolean): string;
  resume(): void;
  /** Ends every trouble and restarts a service, as one who was called would. */
  mend(service: string): void;
  restart(service: string): void;
}

interface Held {
  readonly world: World;
  readonly shell: Shell;
  readonly dice: Dice;
  readonly hands: () => Hands | undefined;
  /** Services that are being restarted. */
  readonly rolling: Set<string>;
}

export function createPeople(
  world: World,
  shell: Shell,
  dice: Dice,
  hands: () => Hands | undefined,
): People {
  const held: Held = { world, shell, dice, hands, rolling: new Set() };
  return {
    read: (event) => {
      if (event.type === "daemon.started") goOn(held);
      if (event.type === "approval.asked") answer(held, event.data);
      if (event.type === "incident.escalated") {
        const waitMs = dice.between(2, 40) * minuteMs;
        world.queue.after(waitMs, () => mend(held, event.subject));
      }
    },
    act: (bad) => act(held, bad),
    resume: () => pause(held, false),
    mend: (service) => mend(held, service),
    restart: (service) => restart(held, service),
  };
}

function act(held: Held, bad: boolean): string {
  const { world, dice } = held;
  const what = dice.pick(["restart", "deploy", "deploy", "pause"]);
  if (what === "restart") restart(held, dice.pick(Object.keys(world.town.policy.services)));
  if (what === "deploy") {
    const isBad = bad && dice.chance(0.6);
    const service = deploy(world, dice, isBad);
    const waitMs = dice.between(0, 5_000);
    if (service !== undefined) world.queue.after(waitMs, () => restart(held, service));
    return isBad ? "bad deploy" : "good deploy";
  }
  if (what === "pause") {
    pause(held, true);
    world.queue.after(dice.between(0.1, 15) * minuteMs, () => pause(held, false));
  }
  return what;
}

function pause(held: Held, on: boolean): void {
  tell(held, () => {
    const { state } = held.shell.mind;
    if ((state.paused !== undefined) === on) return undefined;
    const subject = state.policy.project;
    return on
      ? { type: "operator.paused", subject, data: { by: "ann", reason: "works" } }
      : { type: "operator.resumed", subject, data: { by: "ann" } };
  });
}

/** Through the API: it answers when the daemon does, and looks before it takes a word in. */
function tell({ shell }: Held, what: () => InputDraft | undefined): void {
  shell.session?.after(0, () => {
    const draft = what();
    if (draft) shell.emit(draft);
  });
}

/** Some decide at once, some too late, some twice, some never. */
function answer(held: Held, asked: Approval): void {
  const { world, dice, shell } = held;
  if (dice.chance(0.15)) return;
  const lastsMs = asked.expiresAtMs - asked.askedAtMs;
  const times = dice.chance(0.2) ? 2 : 1;
  for (let i = 0; i < times; i++) {
    const type = dice.chance(0.75) ? "operator.approved" : "operator.denied";
    const decide = (): InputDraft | undefined => {
      const { incidents } = shell.mind.state;
      const now = incidents[asked.incident]?.approvals.find((it) => it.id === asked.id);
      // A question that is closed is refused with APPROVAL_CLOSED.
      if (now?.state !== "open") return undefined;
      const place = { subject: asked.target, incident: asked.incident };
      return { type, ...place, data: { approval: asked.id, by: "ann" } };
    };
    world.queue.after(lastsMs * dice.random() ** 2 * 1.3, () => tell(held, decide));
  }
}

function mend(held: Held, service: string): void {
  const { world } = held;
  const known = world.town.policy.services[service];
  if (!known) return;
  for (const one of [service, ...known.dependsOn]) {
    world.ailments.cure(one);
    for (const file of world.files.values()) {
      if (file.service !== one || !world.badVersions.has(file.version)) continue;
      write(world, file.name, `${file.name}#mended${world.pids}`);
    }
    const all = targetsOf(world, one).every((target) => world.processes.has(target));
    if (one === service || !all) restart(held, one);
  }
}

/** What a dead daemon had begun for them is begun anew. */
function goOn(held: Held): void {
  for (const service of held.rolling) {
    held.world.queue.after(20_000, () => restart(held, service));
  }
  held.rolling.clear();
}

/** Again and again until it was done: a person does not leave a service half restarted. */
function restart(held: Held, service: string, tries = 5): void {
  const { world, rolling } = held;
  if (rolling.has(service) || tries === 0) return;
  held.shell.stir();
  const hands = held.hands();
  const again = (): void => {
    world.queue.after(20_000, () => restart(held, service, tries - 1));
  };
  if (!hands) {
    again();
    return;
  }
  rolling.add(service);
  hands.rolling(service, (error) => {
    rolling.delete(service);
    if (error !== undefined) again();
  });
}
