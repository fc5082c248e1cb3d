// What a restart of a service is expected to cost, from the restarts that were measured.
import { formatDuration } from "../kernel/duration.ts";
import type { RestartCost } from "../model/cost.ts";
import type { Rung } from "../model/plan.ts";
import { serviceOf } from "../model/target.ts";
import type { RestartCostView } from "../protocol/api.ts";
import type { State } from "./state.ts";

/** Means over the latest restarts; `awayMs` from the start alone where nothing else is known. */
export type ExpectedCost = RestartCostView;

/** Undefined until one start of the service was measured. */
export function expectedCost(state: State, service: string): ExpectedCost | undefined {
  const all = state.costs[service] ?? [];
  if (all.length === 0) return undefined;
  const restarts = all.filter((it) => it.awayMs !== undefined);
  const startMs = mean(all.map((it) => it.startMs)) ?? 0;
  const cpuMs = mean(all.flatMap((it) => it.cpuMs ?? []));
  const asked = (key: keyof NonNullable<RestartCost["requests"]>): number =>
    mean(
      restarts.map((it) => it.requests?.[key] ?? 0),
      10,
    ) ?? 0;
  return {
    restarts: restarts.length,
    awayMs: mean(restarts.flatMap((it) => it.awayMs ?? [])) ?? startMs,
    startMs,
    ...(cpuMs === undefined ? {} : { cpuMs }),
    lost: asked("lost"),
    held: asked("held"),
    repeated: asked("repeated"),
  };
}

/** "1.2 s until ready, 0 requests lost, 3 late, 0.4 s of CPU (mean of 4)". */
export function costText(cost: ExpectedCost): string {
  const { restarts, awayMs, cpuMs, lost, held, repeated } = cost;
  const cpu = cpuMs === undefined ? "" : `, ${(cpuMs / 1_000).toFixed(1)} s of CPU`;
  const late = Math.round((held + repeated) * 10) / 10;
  const requests = restarts === 0 ? "" : `, ${lost} requests lost, ${late} late`;
  const from = restarts === 0 ? "from its starts alone" : `mean of ${restarts}`;
  return `${formatDuration(awayMs)} until ready${requests}${cpu} (${from})`;
}

/** The rung with its expected cost in its reason, when it restarts something that was measured. */
export function priced(state: State, rung: Rung): Rung {
  const cost = costOf(state, rung);
  if (rung.action !== "restart" || !cost) return rung;
  const text = `${rung.why.text}; a restart of it costs about ${costText(cost)}`;
  return { ...rung, why: { ...rung.why, text } };
}

/**
 * Of neighbours that promise the same, the cheaper first. Promise: the share of tries that were
 * verified, after Laplace, by what was learned under the signature. What was never measured, or has
 * no cost to compare, keeps its place.
 */
export function cheaperFirst(
  state: State,
  signature: string,
  rungs: readonly Rung[],
): readonly Rung[] {
  const promise = ({ action }: Rung): number => {
    const { tried = 0, verified = 0 } = state.lessons[`${signature} ${action}`] ?? {};
    return (verified + 1) / (tried + 2);
  };
  const order = [...rungs];
  for (let end = order.length - 1; end > 0; end--) {
    for (let i = 0; i < end; i++) {
      const [first, second] = [order[i], order[i + 1]];
      if (!first || !second || promise(first) !== promise(second)) continue;
      if (!isCheaper(costOf(state, second), costOf(state, first))) continue;
      order.splice(i, 2, second, first);
    }
  }
  return order;
}

/** Lost requests weigh more than late ones, those more than time, and time more than CPU. */
function isCheaper(a: ExpectedCost | undefined, b: ExpectedCost | undefined): boolean {
  if (!a || !b) return false;
  const weights = (it: ExpectedCost): readonly number[] => [
    it.lost,
    it.held + it.repeated,
    it.awayMs,
    it.cpuMs ?? 0,
  ];
  const [left, right] = [weights(a), weights(b)];
  const at = left.findIndex((value, i) => value !== right[i]);
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
}

/** The dearest of its targets. A rollback starts what has ended, and takes away nothing that runs. */
function costOf(state: State, { action, targets }: Rung): ExpectedCost | undefined {
  if (action !== "restart" && action !== "rollback") return undefined;
  const costs = targets.map((target) => expectedCost(state, serviceOf(target)));
  const dearest = costs.reduce((a, b) => (isCheaper(a, b) ? b : a), costs[0]);
  if (!dearest || action === "restart") return dearest;
  return { ...dearest, awayMs: dearest.startMs, lost: 0, held: 0, repeated: 0 };
}

function mean(values: readonly number[], parts = 1): number | undefined {
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  return Math.round((sum / values.length) * parts) / parts;
}
