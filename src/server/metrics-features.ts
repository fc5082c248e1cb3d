// What the features of routes have counted as metrics: those alone that a route has.
import type { RouteStats } from "../protocol/gateway.ts";
import type { Family } from "../protocol/metric-family.ts";
import { family, type Point } from "./metrics-parts.ts";

export function featureFamilies(routes: readonly RouteStats[]): readonly Family[] {
  const counts = (
    label: string,
    of: (route: RouteStats) => Readonly<Record<string, number>> | undefined,
  ): readonly Point[] =>
    routes.flatMap((route) =>
      Object.entries(of(route) ?? {}).map(([name, value]): Point => {
        return [{ service: route.service, [label]: name }, value];
      }),
    );
  const limits = routes.flatMap(({ service, limit }): readonly Point[] =>
    limit === undefined ? [] : [[{ service }, limit]],
  );
  const families = [
    family(
      "counter",
      "gateway_shed_total",
      "Requests that were turned away because instances had too much to do",
      counts("priority", ({ shed }) => shed),
    ),
    family("gauge", "gateway_limit", "Requests at once that instances are trusted with", limits),
    family(
      "counter",
      "gateway_faults_total",
      "Requests that met a fault on purpose",
      counts("kind", ({ faults }) => faults),
    ),
    family(
      "counter",
      "gateway_shadow_total",
      "Copies of requests; one that failed was sent",
      counts("result", ({ shadow }) => shadow),
    ),
    family(
      "counter",
      "gateway_access_lines_total",
      "Lines of access logs",
      counts("result", ({ accessLog }) => accessLog),
    ),
  ];
  return families.filter(({ samples }) => samples.length > 0);
}
