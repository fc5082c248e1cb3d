// Plays one sickness: inflicts it, waits until it is healed, and scores the answer.
import type { IncidentDetail } from "homeostat";
import type { Load, Snapshot } from "../load.ts";
import { allHealthy, type Daemon, incidentIds, until } from "./daemon.ts";
import type { Sickness } from "./sicknesses.ts";

export interface Score {
  readonly name: string;
  readonly right: boolean;
  readonly wrong: readonly string[];
  readonly diagnosis: string;
  readonly actions: readonly string[];
  /** From the infliction to the opened incident. */
  readonly detectMs: number;
  /** From the infliction to the moment from which everything stayed well. */
  readonly recoverMs: number;
  readonly requests: number;
  readonly lostIdempotent: number;
  readonly lostUnsafe: number;
  /** Incidents that were no part of the sickness. */
  readonly falseIncidents: number;
}

const healMs = 60_000;

export async function play(
  sickness: Sickness,
  daemon: Daemon,
  load: Load,
  show: (detail: IncidentDetail) => void,
): Promise<Score> {
  const before = await incidentIds(daemon);
  const mark = load.mark();
  const fromMs = Date.now();
  const lift = await sickness.inflict(daemon);
  const id = await until(`an incident for ${sickness.name}`, healMs, async () => {
    const { incidents } = await daemon.state();
    return incidents.find((it) => !before.has(it.id) && it.service === sickness.service)?.id;
  });
  if (lift) {
    await until("a mitigation", healMs, async () => {
      const { incident } = await daemon.incident(id);
      return incident.mitigatedBy ?? (incident.endedAtMs === undefined ? undefined : "ended");
    });
    await lift();
  }
  const detail = await until(`the end of incident ${id}`, healMs, async () => {
    const it = await daemon.incident(id);
    return it.state === "resolved" || it.state === "escalated" ? it : undefined;
  });
  await allHealthy(daemon, healMs);
  show(detail);
  const others = [...(await incidentIds(daemon))].filter((it) => !before.has(it) && it !== id);
  return score(sickness, detail, load.since(mark), others.length, fromMs);
}

function score(
  sickness: Sickness,
  detail: IncidentDetail,
  requests: Snapshot,
  falseIncidents: number,
  fromMs: number,
): Score {
  const { incident } = detail;
  const wrong = [...sickness.judge(detail)];
  if (detail.state !== "resolved") wrong.push(`it ended ${detail.state}`);
  if (falseIncidents > 0) wrong.push(`${falseIncidents} incidents that are none`);
  if (requests.lostIdempotent > 0 && !sickness.mayLose) {
    wrong.push(`${requests.lostIdempotent} safe requests lost`);
  }
  return {
    name: sickness.name,
    right: wrong.length === 0,
    wrong,
    diagnosis: incident.diagnosis?.kind ?? "none",
    actions: incident.actions.map(({ kind, target }) => `${kind} ${target}`),
    detectMs: Math.max(0, Date.parse(detail.openedAt) - fromMs),
    recoverMs: Math.max(0, wellAtMs(detail) - fromMs),
    requests: requests.sent,
    lostIdempotent: requests.lostIdempotent,
    lostUnsafe: requests.lostUnsafe,
    falseIncidents,
  };
}

/**
 * The verify window is not outage: customers were well from its beginning. A mitigated sickness is
 * over for them when the mitigation held, long before its cause has passed.
 */
function wellAtMs({ timeline, incident, endedAt }: IncidentDetail): number {
  const mitigated = timeline.find((entry) => entry.text.startsWith("mitigated"));
  if (mitigated) return Date.parse(mitigated.time) - (mitigated.why?.value ?? 0);
  const windowMs = incident.ending?.unit === "ms" ? incident.ending.value : 0;
  return (endedAt === undefined ? Date.now() : Date.parse(endedAt)) - windowMs;
}
