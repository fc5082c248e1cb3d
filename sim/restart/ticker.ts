// When a daemon of the restart trials ticks: those ticks that could decide nothing are left out.
import { calmSince, openIncidents, pendingActions } from "../../src/controller/state.ts";
import { type Mind, wakeAt } from "../../src/controller/step.ts";
import type { SimClock } from "../../src/testing/sim-clock.ts";

/** Returns what is to be called whenever something has happened. */
export function createTicker(parts: {
  readonly clock: SimClock;
  readonly tickMs: number;
  readonly mind: () => Mind;
  readonly isAlive: () => boolean;
  readonly tick: () => void;
  readonly onBroken: (error: unknown) => void;
}): () => void {
  const { clock, tickMs, mind, isAlive, tick, onBroken } = parts;
  let tickedAtMs = 0;
  let dueAtMs = Number.POSITIVE_INFINITY;
  const plan = (): void => {
    const nowMs = clock.now();
    const wakeMs = wakeAt(mind().state, tickedAtMs) ?? Number.POSITIVE_INFINITY;
    const restMs = { busy: tickMs, waiting: waitingMs, quiet: Infinity }[paceOf(mind())];
    const dueMs = Math.min(nowMs + restMs, Math.max(wakeMs, nowMs));
    if (dueMs >= dueAtMs || !Number.isFinite(dueMs)) return;
    dueAtMs = dueMs;
    clock.sleep(dueMs - nowMs).then(() => {
      if (!isAlive() || dueAtMs !== dueMs) return;
      dueAtMs = Number.POSITIVE_INFINITY;
      tickedAtMs = clock.now();
      tick();
      plan();
    }, onBroken);
  };
  return plan;
}

/** While nothing is on its way, ticks are this far apart. */
const waitingMs = 2_500;

/** How soon time alone may bring something to an end. */
function paceOf({ state }: Mind): "busy" | "waiting" | "quiet" {
  if (Object.values(state.instances).some((it) => it.state === "starting")) return "busy";
  const isLoop = ({ key, target }: { key: string; target: string }): boolean =>
    key.endsWith(":crash-loop") && state.instances[target]?.state === "ready";
  if (Object.values(state.symptoms).some(isLoop)) return "busy";
  const open = openIncidents(state);
  if (open.some((it) => pendingActions(it).length > 0 || calmSince(it) !== undefined))
    return "busy";
  const atWork = open.filter((it) => it.state !== "escalated");
  if (atWork.length === 0) return "quiet";
  const waits = atWork.every(({ standing }) => (standing?.untilMs ?? 0) > state.atMs);
  return waits || state.paused ? "waiting" : "busy";
}
