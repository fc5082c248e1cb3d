// A daemon of the restart trials: the real step, hands and orders of people over a simulated machine.
import { pageAction } from "../../src/actions/page.ts";
import { startAction } from "../../src/actions/start.ts";
import { createLine } from "../../src/controller/line.ts";
import type { Loop } from "../../src/controller/loop.ts";
import { emptySenses } from "../../src/controller/state.ts";
import type { Mind, Step } from "../../src/controller/step.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Event, InputDraft } from "../../src/model/event.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Tick } from "../../src/stores/store.ts";
import type { Supervisor } from "../../src/supervisor/spec.ts";
import { createSupervisor } from "../../src/supervisor/supervisor.ts";
import type { SimClock } from "../../src/testing/sim-clock.ts";
import { type ServiceOrders, serviceOrders } from "../../src/wiring/operator-services.ts";
import { pastOf } from "../../src/wiring/past.ts";
import { performer } from "../../src/wiring/perform.ts";
import { remembered } from "../daemon.ts";
import type { Dice } from "../dice.ts";
import type { Machine } from "./machine.ts";
import { createTicker } from "./ticker.ts";

/** What outlives every daemon. */
export interface Disk {
  readonly journal: Event[];
  readonly ticks: Tick[];
}

export interface Daemon {
  readonly alive: boolean;
  readonly mind: Mind;
  readonly steps: number;
  readonly orders: ServiceOrders;
  emit(draft: InputDraft): void;
  /** Now, or with the next step that decides something: before that is durable, or after. */
  die(when: "now" | "unwritten" | "undone"): void;
}

export interface DaemonParts {
  readonly clock: SimClock;
  readonly dice: Dice;
  readonly machine: Machine;
  readonly policy: Policy;
  readonly step: Step;
  readonly tickMs: number;
  readonly disk: Disk;
  /** Share of the pages that reach nobody. */
  readonly unreachable: number;
  readonly checked: (events: readonly Event[], mind: Mind) => void;
  readonly onBroken: (error: unknown) => void;
}

type Work = { readonly kind: "event"; readonly draft: InputDraft } | { readonly kind: "tick" };

const never = (): never => {
  throw new TypeError("no trial asks for this");
};

export function startDaemon(parts: DaemonParts): Daemon {
  const { clock, disk, step, checked, onBroken } = parts;
  let mind: Mind = { state: remembered(disk.journal), senses: emptySenses };
  let [alive, steps] = [true, 0];
  let doom: "unwritten" | "undone" | undefined;
  let perform: ReturnType<typeof performer> = () => {};

  const advance = (work: Work): void => {
    if (!alive) return;
    const atMs = Math.max(Math.round(clock.now()), mind.state.atMs);
    if (work.kind === "tick") {
      const n = disk.ticks.length + 1;
      disk.ticks.push({ n, atMs, afterSeq: mind.state.seq, readings: [] });
    }
    const input = work.kind === "tick" ? { ...work, readings: [] } : work;
    const stepped = step(mind, { ...input, atMs });
    steps += 1;
    const death = stepped.events.length > 0 ? doom : undefined;
    if (death === "unwritten") {
      alive = false;
      return;
    }
    disk.journal.push(...stepped.events);
    mind = stepped.mind;
    checked(stepped.events, mind);
    if (death === "undone") alive = false;
    else for (const command of stepped.commands) perform(command);
    plan();
  };
  const { take } = createLine(advance, onBroken);
  const emit = (draft: InputDraft): void => {
    if (alive) take({ kind: "event", draft });
  };
  const plan = createTicker({
    ...{ clock, tickMs: parts.tickMs, onBroken, mind: () => mind, isAlive: () => alive },
    tick: () => take({ kind: "tick" }),
  });
  const loop = loopOf(clock, () => mind, emit);
  const supervisor = handsOf(parts, emit, () => alive);
  perform = performer({
    clock,
    log: silentLog,
    actions: actionsOf(parts, supervisor),
    emit,
    capture: never,
  });
  begin(parts, mind, emit, supervisor);
  return {
    get alive() {
      return alive;
    },
    get mind() {
      return mind;
    },
    get steps() {
      return steps;
    },
    orders: serviceOrders(loop, supervisor),
    emit,
    die: (when) => {
      if (when === "now") alive = false;
      else doom = when;
    },
  };
}

function handsOf(
  { clock, dice, machine, policy }: DaemonParts,
  emit: (draft: InputDraft) => void,
  isAlive: () => boolean,
): Supervisor {
  return createSupervisor({
    platform: machine.platform(isAlive),
    clock,
    random: dice.random,
    log: silentLog,
    project: "trial",
    services: Object.values(policy.services).map(({ name, replicas, restart, startupMs }) => ({
      ...{ name, replicas, startupMs, command: [name], cwd: "/", env: {} },
      ...{ wantsPort: false, dependsOn: [], stop: { signal: "SIGTERM", waitMs: 1_000 } },
      isExpectedExit: (code) =>
        restart.when !== "always" && code !== null && restart.expectedExits.includes(code),
    })),
    logFile: (target) => target,
    lastLines: () => ["last words"],
    emit,
    together: (work) => work(),
    observe: () => {},
    drain: async () => {},
    beforeExit: () => {},
  });
}

function actionsOf(
  { dice, unreachable }: DaemonParts,
  supervisor: Supervisor,
): Parameters<typeof performer>[0]["actions"] {
  const tell = async (): Promise<void> => {
    if (dice.chance(unreachable)) throw new Error("nobody answers");
  };
  const none = { traits: startAction(supervisor).traits, apply: never };
  return {
    start: startAction(supervisor),
    page: pageAction({ ways: [{ name: "bell", tell }] }),
    restart: { ...none, name: "restart" },
    rollback: { ...none, name: "rollback" },
    degrade: { ...none, name: "degrade" },
    restore: { ...none, name: "restore" },
  };
}

function begin(
  { policy, disk, machine }: DaemonParts,
  { state }: Mind,
  emit: (draft: InputDraft) => void,
  supervisor: Supervisor,
): void {
  const { bootId } = machine.platform(() => true);
  const past = pastOf(
    state,
    { read: (after = 0) => disk.journal.slice(Math.max(0, after)) },
    bootId,
  );
  const subject = policy.project;
  const data = { pid: 1, bootId, version: "trial", offsetMs: 1_767_225_600_000 };
  emit({ type: "daemon.started", subject, data });
  emit({ type: "config.applied", subject, data: { policy } });
  supervisor.adopt(past);
  void supervisor.boot(past, new AbortController().signal);
}

function loopOf(clock: SimClock, mind: () => Mind, emit: Loop["emit"]): Loop {
  return {
    clock,
    get mind() {
      return mind();
    },
    together: (work) => work(),
    ...{ stuck: undefined, emit, end: never, observe: () => {}, run: never, subscribe: never },
  };
}
