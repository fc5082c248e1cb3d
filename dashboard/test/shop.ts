// A shop that lives: its eight instances and its incidents, as the API shows them.
import type {
  IncidentDetail,
  InstanceView,
  ServiceView,
  StateView,
} from "../../src/protocol/api.ts";
import { approval, approvalMs, asked } from "./story-approval.ts";
import { actedAtMs, hang, healedAtMs, verifyForMs } from "./story-hang.ts";
import { commonCause, escalated } from "./story-refusal.ts";
import {
  beatAt,
  type Kind,
  kinds,
  openWorld,
  type Scene,
  units,
  valueAt,
  type World,
} from "./world.ts";

export interface Shop {
  readonly world: World;
  state(now: number): StateView;
  incident(id: string, now: number): IncidentDetail | undefined;
  pause(by: string, reason: string, now: number): void;
  resume(): void;
  /** False when there is no such question, or no longer. */
  answer(id: string): boolean;
}

const minute = 60_000;
const hour = 60 * minute;

const lessons: StateView["lessons"] = [
  ["catalog:hang:resizeThumbnail", "restart", 4, 4, 2_880] as const,
  ["payments:common-cause", "degrade", 7, 6, 7_130] as const,
  ["worker:crash-loop:78", "restart", 3, 0, 0] as const,
].map(([signature, action, tried, verified, meanRecoveryMs]) => ({
  ...{ signature, action, tried, verified, meanRecoveryMs },
  notHelped: tried - verified,
}));

function instance(world: World, kind: Kind, index: number, now: number): InstanceView {
  const target = `${kind.name}/${index}`;
  const beats = Array.from({ length: 60 }, (_, at) =>
    beatAt(world, target, now - (59 - at) * 1_000),
  );
  const latest = Object.fromEntries(
    Object.keys(units).flatMap((metric) => {
      const value = valueAt(world, target, metric, now);
      return value === undefined ? [] : [[metric, value]];
    }),
  );
  const restarted = world.scene === "healing" && target === "catalog/1";
  const markedBeat = 59 - Math.floor((now - world.hungAt - actedAtMs) / 1_000);
  const last = beats.at(-1);
  const sick = last === "sick";
  return {
    target,
    state: last === "down" ? "down" : last === "busy" ? "starting" : "ready",
    health: sick ? "sick" : last === "ok" ? "healthy" : "unknown",
    ...(sick ? { note: "812 MiB resident, limit 512 MiB, for 1 min" } : {}),
    pid: 41_200 + index + kind.name.length * 10,
    port: 43_100 + index + kind.name.length * 10,
    uptimeMs: restarted ? now - world.hungAt - 7_400 : 3 * hour + (now - world.startedAt),
    ...{ latest, beats },
    marks:
      restarted && markedBeat >= 0 ? [{ beat: markedBeat, action: "restart", incident: "7" }] : [],
  };
}

const isVerifying = (world: World, now: number): boolean =>
  world.scene === "healing" && now < world.hungAt + healedAtMs + verifyForMs;

function service(world: World, kind: Kind, now: number): ServiceView {
  const instances = Array.from({ length: kind.replicas }, (_, at) =>
    instance(world, kind, at + 1, now),
  );
  const watched = kind.name === "catalog" && isVerifying(world, now);
  const sick = instances.some((one) => one.health === "sick");
  const note = "catalog/1 was restarted and is being watched; catalog/2 takes its traffic";
  return {
    name: kind.name,
    dependsOn: kind.dependsOn,
    replicas: kind.replicas,
    health: sick || watched ? "degraded" : "healthy",
    ...(watched ? { note } : {}),
    instances,
  };
}

function incidents(world: World, now: number): readonly IncidentDetail[] {
  if (world.scene === "calm") return [];
  const latest =
    world.scene === "healing" ? hang("7", world.hungAt, now) : asked(world.askedAt - minute, now);
  return [
    latest,
    commonCause(world.startedAt - 3 * hour, now),
    hang("5", world.startedAt - 26 * hour, now),
    escalated(world.startedAt - 51 * hour, now),
  ];
}

function verdict(
  world: World,
  paused: boolean,
  answered: boolean,
  now: number,
): StateView["verdict"] {
  if (paused) {
    const open = world.scene === "calm" ? "No incident is open." : "1 incident is open and waits.";
    return { tone: "stopped", text: `Healing is stopped. ${open}` };
  }
  if (isVerifying(world, now)) {
    const agoS = Math.floor((now - world.hungAt - actedAtMs) / 1_000);
    const healthyS = Math.floor((now - world.hungAt - healedAtMs) / 1_000);
    const text = `Healing catalog/1: event loop blocked in resizeThumbnail, restarted ${agoS} s ago, verifying ${healthyS}/30 s. No action needed.`;
    return { tone: "healing", text };
  }
  if (world.scene === "approval" && !answered) {
    const text =
      "recommendations/1 leaks memory and ends in about 14 min. May it be restarted? Your answer is needed.";
    return { tone: "attention", text };
  }
  return { tone: "ok", text: "All 8 instances are well. No action needed." };
}

export function openShop(scene: Scene, startedAt: number): Shop {
  const world = openWorld(scene, startedAt);
  let paused: StateView["paused"];
  let answered = false;
  let seq = 4_210;
  const open = (): boolean => world.scene === "approval" && !answered;
  return {
    world,
    pause(by, reason, now) {
      paused = { by, reason, since: new Date(now).toISOString() };
    },
    resume() {
      paused = undefined;
    },
    answer(id) {
      if (!open() || id !== "P3") return false;
      answered = true;
      return true;
    },
    incident: (id, now) => incidents(world, now).find((one) => one.id === id),
    state(now) {
      seq += 1;
      const expiresInMs = world.askedAt + approvalMs - now;
      return {
        project: "shop",
        version: "0.1.0",
        time: new Date(now).toISOString(),
        seq,
        verdict: verdict(world, paused !== undefined, answered, now),
        ...(paused === undefined ? {} : { paused }),
        services: kinds.map((kind) => service(world, kind, now)),
        incidents: incidents(world, now).map(({ incident: _, timeline: __, ...view }) => view),
        approvals: open() ? [{ ...approval(0), expiresInMs }] : [],
        lessons: world.scene === "calm" ? [] : lessons,
      };
    },
  };
}
