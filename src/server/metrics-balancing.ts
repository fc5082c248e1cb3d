// What balancing has counted as metrics: ejections, and requests that met the end of an instance.
import { serviceOf } from "../model/target.ts";
import type { GatewayStats } from "../protocol/gateway.ts";
import type { Family } from "../protocol/metric-family.ts";
import { family, type Point } from "./metrics-parts.ts";

export function balancingFamilies({ routes, instances }: GatewayStats): readonly Family[] {
  const interrupted = routes.flatMap(({ service, interrupted: counts }) =>
    Object.entries(counts).map(([name, value]): Point => {
      const [method = "", stage = "", fate = ""] = name.split(" ");
      return [{ service, method, stage, fate }, value];
    }),
  );
  return [
    family(
      "counter",
      "gateway_ejections_total",
      "How often an instance was left out for failing",
      instances.map(({ instance, ejections }) => [
        { service: serviceOf(instance), instance },
        ejections,
      ]),
    ),
    family(
      "counter",
      "gateway_over_budget_total",
      "Requests that were not repeated because too many were already",
      routes.map(({ service, overBudget }) => [{ service }, overBudget]),
    ),
    family(
      "counter",
      "gateway_spilled_total",
      "Requests that another release took, because none of their own could",
      routes.map(({ service, spilled }) => [{ service }, spilled]),
    ),
    family(
      "counter",
      "gateway_interrupted_total",
      "Requests that an instance had in hand when its connections ended",
      interrupted,
    ),
  ].filter(({ samples }) => samples.length > 0);
}
