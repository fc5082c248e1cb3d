// Follows what a drill has broken until it is healed and verified, or until its goal is missed.
import { connect as connectTo } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import type { DrillMarks, DrillResult } from "../../model/drill.ts";
import type { StateView } from "../../protocol/api.ts";
import type { DrillPlan, DrillView } from "../../protocol/drills.ts";
import type { Client } from "../context.ts";

export type Outcome = Omit<DrillResult, "id">;

export interface Watching {
  readonly client: () => Client;
  readonly clock: Clock;
  readonly plan: DrillPlan;
  readonly id: string;
  /** What was there right before the fault. */
  readonly before: StateView;
  /** Takes the fault back: a cut is over when it was seen. */
  readonly takeBack: () => Promise<void>;
  readonly signal: AbortSignal;
}

interface Seen extends DrillMarks {
  readonly rests?: boolean;
  readonly stands?: string;
  readonly done?: readonly string[];
}

const pollMs = 100;

/** Called right after the fault was caused. */
export async function watchDrill(watching: Watching): Promise<Outcome> {
  const { clock, plan, signal, takeBack } = watching;
  const fromMs = clock.now();
  const look =
    plan.kind === "daemon" || plan.kind === "gateway" || plan.kind === "spawner"
      ? ofOurs(watching, fromMs)
      : ofJournal(watching);
  let cutMs: number | undefined;
  let seen: Seen = {};
  for (;;) {
    if (signal.aborted) return { verdict: "failed", text: "it was cut off", ...marksOf(seen) };
    seen = { ...seen, ...(await look().catch(() => ({}))) };
    const nowMs = clock.now() - fromMs;
    const isCut = plan.kind === "network" && cutMs === undefined;
    if (isCut && (seen.detectedMs !== undefined || nowMs >= plan.goalMs)) {
      await takeBack();
      cutMs = clock.now() - fromMs;
    }
    const over = judge(plan, seen, nowMs, plan.kind === "network" ? cutMs : 0);
    if (over) return { ...over, text: `${over.text}${doneText(seen)}`, ...marksOf(seen) };
    await clock.sleep(pollMs, signal).catch(() => {});
  }
}

function doneText({ done = [] }: Seen): string {
  return done.length === 0 ? "" : `; done about it: ${done.slice(0, 10).join(", ")}`;
}

function marksOf({ detectedMs, healedMs, verifiedMs }: Seen): DrillMarks {
  return {
    ...(detectedMs === undefined ? {} : { detectedMs }),
    ...(healedMs === undefined ? {} : { healedMs }),
    ...(verifiedMs === undefined ? {} : { verifiedMs }),
  };
}

/**
 * `faultMs`: when the fault was over, as far as it can be over before it is healed: the goal counts
 * from there. Undefined while it lasts.
 */
export function judge(
  plan: Pick<DrillPlan, "kind" | "goalMs" | "limitMs">,
  seen: Seen,
  nowMs: number,
  faultMs: number | undefined,
): Pick<Outcome, "verdict" | "text"> | undefined {
  const { goalMs, limitMs, kind } = plan;
  const goal = formatDuration(goalMs);
  const why = seen.stands === undefined ? "" : `: ${seen.stands}`;
  if (seen.rests) {
    const text =
      "it ended as the config expects ends to be, so that nobody starts it again: see restart.when";
    return { verdict: "as-configured", text };
  }
  if (faultMs === undefined) return undefined;
  const { detectedMs, healedMs, verifiedMs } = seen;
  if (verifiedMs !== undefined && healedMs !== undefined) {
    if (healedMs - faultMs <= goalMs)
      return { verdict: "passed", text: `healed within ${goal}, and verified` };
    return { verdict: "missed", text: `healed later than ${goal}` };
  }
  if (detectedMs === undefined && healedMs === undefined && nowMs >= Math.max(faultMs, goalMs)) {
    const text = `no sign of it within ${goal}`;
    return kind === "network"
      ? { verdict: "unnoticed", text: `${text}: who depends on it copes, or nobody watches` }
      : { verdict: "missed", text };
  }
  if (healedMs === undefined && nowMs - faultMs >= goalMs) {
    return { verdict: "missed", text: `not healed within ${goal}${why}` };
  }
  if (nowMs < limitMs - marginMs) return undefined;
  return {
    verdict: "missed",
    text: `healed, and not verified within ${formatDuration(limitMs)}${why}`,
  };
}

/** It is told to the daemon before that forgets it by itself. */
const marginMs = 5_000;

/** What the journal tells; while no daemon answers nothing new is known. */
function ofJournal({ client, id }: Watching): () => Promise<Seen> {
  return async () => {
    const view = await client().get<DrillView>(`/api/drills/${id}`);
    const { stands, done } = view;
    return {
      ...marksOf(view),
      ...{ rests: view.restsAsConfigured, done },
      ...(stands === undefined ? {} : { stands }),
    };
  };
}

/** Of a process of ours nobody writes in the journal: another one is there, and all goes on. */
function ofOurs({ client, clock, plan, before }: Watching, fromMs: number): () => Promise<Seen> {
  const since = (): number => Math.round(clock.now() - fromMs);
  let detectedMs: number | undefined;
  let healedMs: number | undefined;
  return async () => {
    const now = await client().get<DrillPlan>(`/api/drills/look/${plan.kind}`);
    const isNew = now.pids.length > 0 && now.pids.every((pid) => !plan.pids.includes(pid));
    if (!isNew) return {};
    // Who starts the next daemon is not us: nobody has seen anything.
    if (plan.kind !== "daemon") detectedMs ??= since();
    const seen = detectedMs === undefined ? {} : { detectedMs };
    const view = await client().get<StateView>("/api/state");
    const port = view.services.find((it) => it.port !== undefined)?.port;
    const serves = plan.kind !== "gateway" || port === undefined || (await accepts(port));
    if (!serves) return seen;
    healedMs ??= since();
    const lost = missing(before, view);
    if (lost.length > 0) return { ...seen, healedMs, stands: `${lost.join(", ")} did not go on` };
    const isWell = view.services.every((it) => it.health === "healthy" || it.health === "stopped");
    return { ...seen, healedMs, ...(isWell ? { verifiedMs: since() } : {}) };
  };
}

/** Instances whose process is another one than before: they were to go on without a break. */
function missing(before: StateView, now: StateView): readonly string[] {
  const pids = new Map(
    now.services.flatMap((it) => it.instances.map(({ target, pid }) => [target, pid] as const)),
  );
  const all = before.services.filter((it) => !it.job).flatMap((it) => it.instances);
  return all
    .filter((it) => it.pid !== undefined && pids.get(it.target) !== it.pid)
    .map((it) => it.target);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo({ host: "127.0.0.1", port, timeout: 1_000 });
    const end = (ok: boolean) => (): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
