// The word, the shape and the colour for each state; never a colour alone.

import type { IncidentState } from "../../src/model/incident.ts";
import type { InstanceView, ServiceView, StateView } from "../../src/protocol/api.ts";

/** How good or bad it is; names the colour. */
export type Tone = "ok" | "accent" | "warn" | "bad" | "quiet";

export type ShapeName =
  | "disc"
  | "ring"
  | "triangle"
  | "cross"
  | "check"
  | "octagon"
  | "pause"
  | "play"
  | "diamond"
  | "hollow"
  | "lines"
  | "shield";

export interface Look {
  readonly word: string;
  readonly shape: ShapeName;
  readonly tone: Tone;
}

export const verdictLook: Readonly<Record<StateView["verdict"]["tone"], Look>> = {
  ok: { word: "All well", shape: "check", tone: "ok" },
  healing: { word: "Healing", shape: "ring", tone: "accent" },
  attention: { word: "Needs you", shape: "triangle", tone: "warn" },
  stopped: { word: "Stopped", shape: "pause", tone: "bad" },
};

export const serviceLook: Readonly<Record<ServiceView["health"], Look>> = {
  healthy: { word: "healthy", shape: "disc", tone: "ok" },
  degraded: { word: "degraded", shape: "triangle", tone: "warn" },
  down: { word: "down", shape: "cross", tone: "bad" },
  starting: { word: "starting", shape: "ring", tone: "accent" },
  stopped: { word: "stopped", shape: "pause", tone: "quiet" },
};

export const incidentLook: Readonly<Record<IncidentState, Look>> = {
  open: { word: "open", shape: "triangle", tone: "warn" },
  healing: { word: "healing", shape: "ring", tone: "accent" },
  verifying: { word: "verifying", shape: "ring", tone: "accent" },
  resolved: { word: "resolved", shape: "check", tone: "ok" },
  escalated: { word: "needs you", shape: "triangle", tone: "bad" },
  closed: { word: "closed", shape: "disc", tone: "quiet" },
};

const jobTones: Readonly<Record<string, Look["tone"]>> = { failed: "bad", overdue: "bad" };

/** Of a job it is told how its work is, and who was stopped by people is not called down. */
export function instanceLook(instance: InstanceView, { job, stopped }: ServiceView): Look {
  const isDown = instance.state === "down";
  if (isDown && stopped) return { word: "stopped", shape: "pause", tone: "quiet" };
  if (isDown && job) {
    const tone = jobTones[job.state] ?? "quiet";
    return { word: job.state, shape: tone === "bad" ? "cross" : "hollow", tone };
  }
  if (instance.state === "down") return { word: "down", shape: "cross", tone: "bad" };
  if (instance.state !== "ready") return { word: instance.state, shape: "ring", tone: "accent" };
  if (instance.health === "sick") return { word: "sick", shape: "triangle", tone: "warn" };
  if (instance.health === "unknown") return { word: "unknown", shape: "hollow", tone: "quiet" };
  return { word: "healthy", shape: "disc", tone: "ok" };
}
