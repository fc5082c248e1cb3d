// Drills, the daemon's side: whether one may begin, how far it is, and how it went; all in the journal.
import { drillProgress, drillRefusal, nothingLeft } from "../controller/drill.ts";
import type { Loop } from "../controller/loop.ts";
import type { State } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { DrillKind } from "../model/drill.ts";
import { isInstance } from "../model/target.ts";
import type { Platform } from "../platforms/platform.ts";
import type { DrillPlan, DrillView } from "../protocol/drills.ts";
import type { DrillsBackend } from "../server/drills.ts";
import type { Store } from "../stores/store.ts";
import { type Aim, aim } from "./drill-plan.ts";
import type { Resolved } from "./resolve.ts";

export interface DrillsParts {
  readonly loop: Loop;
  readonly store: Pick<Store, "read">;
  readonly platform: Pick<Platform, "scan">;
  readonly resolved: Resolved;
  /** Marks the processes of this project. */
  readonly project: string;
  /** The daemon's own process. */
  readonly pid: number;
}

/** Beyond goal and verification: the fault itself, and starting what has no part in either. */
const graceMs = 30_000;

export interface Drills extends DrillsBackend {
  /** The process that caused the fault of the one that is on is gone, and the fault is taken back. */
  cutOff(): void;
}

export function createDrills(parts: DrillsParts): Drills {
  const { loop, resolved } = parts;
  const state = () => loop.mind.state;
  const look = (kind: DrillKind, target: string | undefined): Aim & Omit<DrillPlan, keyof Aim> => {
    const found = aim(state(), resolved, kind, target);
    const verifyMs = found.services.map(
      (name) => state().policy.services[name]?.healing.verify.timeoutMs ?? 0,
    );
    const goalMs = resolved.drills.withinMs;
    const limitMs = goalMs + Math.max(0, ...verifyMs) + graceMs;
    const { text } = nothingLeft(state(), found) ?? {};
    const lonely = text === undefined ? {} : { lonely: text };
    return { ...found, pids: pidsOf(parts, found), ...lonely, goalMs, limitMs };
  };
  const running = (id: string): State["drill"] & object => {
    const { drill } = state();
    if (drill?.id === id) return drill;
    const known = drill ? `on is ${drill.id}` : "none is on";
    throw new HomeostatError("UNKNOWN_ID", `there is no drill ${id}: ${known}`);
  };
  return {
    look: (kind, target) => planOf(look(kind, target)),
    begin: (kind, target, force, by) => {
      const refusal = drillRefusal(state(), loop.clock.now());
      if (refusal) throw new HomeostatError("NOT_NOW", refusal.text);
      const found = look(kind, target);
      if (found.lonely !== undefined && !force) {
        throw new HomeostatError("NOT_NOW", `${found.lonely}: add --force to do it all the same`);
      }
      const id = `D${state().lastDrill + 1}`;
      const { services, goalMs, limitMs } = found;
      const data = { id, kind, target: found.target, services, by, goalMs, limitMs };
      loop.emit({ type: "drill.began", subject: found.target, data });
      return { ...planOf(found), id };
    },
    injected: (id) => {
      const { target } = running(id);
      loop.emit({ type: "drill.injected", subject: target, data: { id } });
    },
    progress: (id) => viewOf(parts, running(id)),
    end: (id, result) => {
      const { target } = running(id);
      loop.emit({ type: "drill.ended", subject: target, data: { ...result, id } });
    },
    cutOff: () => {
      const { drill } = state();
      if (!drill) return;
      const { id, target } = drill;
      const data = { id, verdict: "failed", text: "it was cut off, and is taken back" } as const;
      loop.emit({ type: "drill.ended", subject: target, data });
    },
  };
}

function planOf({ services: _, ...plan }: Aim & Omit<DrillPlan, keyof Aim>): DrillPlan {
  return plan;
}

function viewOf({ loop, store }: DrillsParts, drill: State["drill"] & object): DrillView {
  const { state } = loop.mind;
  const events = [...store.read(drill.seq)];
  const { injectedAtMs, ...progress } = drillProgress(state, drill, events);
  return { id: drill.id, injected: injectedAtMs !== undefined, ...progress };
}

/** Of the whole project and of the daemon: everything and it alone. */
function pidsOf({ loop, platform, project, pid }: DrillsParts, { kind, target }: Aim): number[] {
  if (kind === "network") return [];
  if (kind === "daemon") return [pid];
  if (isInstance(target)) {
    const own = loop.mind.state.instances[target]?.identity?.pid;
    return own === undefined ? [] : [own];
  }
  const marked = platform.scan(project);
  if (kind === "reboot") return [pid, ...marked.map(({ identity }) => identity.pid)];
  return marked.filter((it) => it.target === target && it.leader).map((it) => it.identity.pid);
}
