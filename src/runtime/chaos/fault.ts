// Faults in the calls of this process as a target: the chaos strategy of a pipeline, armed for a while.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { chaos, type ChaosOptions as StrategyOptions } from "../../policies/strategies/chaos.ts";
import type { Strategy } from "../../policies/strategy.ts";
import type { Gate } from "./gate.ts";
import type { Target } from "./target.ts";

/** What is injected, as the chaos strategy takes it, and when. */
export type FaultOptions<Adds = never> = Omit<
  StrategyOptions<Adds>,
  "armed" | "production" | "name" | "clock" | "random" | "rate"
> & {
  /** The share of calls while the target is disrupted, 0 to 1; default 1. */
  readonly rate?: number;
} & Pick<Target, "meanIntervalMs" | "meanDurationMs">;

export function createFault<Adds>(
  name: string,
  options: FaultOptions<Adds>,
  around: { readonly clock: Clock; readonly random: Random; readonly gate: () => Gate },
): { readonly strategy: Strategy<Awaited<Adds>>; readonly target: Target } {
  const { meanIntervalMs, meanDurationMs, rate = 1, ...injected } = options;
  const { clock, random, gate } = around;
  let on = false;
  const strategy = chaos<Adds>({
    ...(injected as Omit<StrategyOptions<Adds>, "armed">),
    name,
    rate,
    clock,
    random,
    armed: () => on && gate().open,
    // The strategy's own lock stays open: the gate above is the only one that decides.
    production: true,
  });
  const target: Target = {
    inProcess: true,
    disrupt: () => {
      on = true;
    },
    recover: () => {
      on = false;
    },
    ...(meanIntervalMs !== undefined && { meanIntervalMs }),
    ...(meanDurationMs !== undefined && { meanDurationMs }),
  };
  return { strategy, target };
}
