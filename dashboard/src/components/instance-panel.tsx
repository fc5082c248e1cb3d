// What one instance does right now: four charts that grow, and its last words.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { InstanceView, ServiceView } from "../../../src/protocol/api.ts";
import { roughly } from "../format.ts";
import { nowHref } from "../routes/router.ts";
import { Chart } from "./chart.tsx";
import { Logs } from "./logs.tsx";
import { RestartButton } from "./restart-button.tsx";

const charts = [
  { metric: "process.cpu", title: "CPU", unit: "ratio" },
  { metric: "process.rss", title: "Memory (RSS)", unit: "bytes" },
  { metric: "gateway.requests", title: "Requests", unit: "per_s" },
  { metric: "gateway.p95", title: "p95", unit: "ms" },
] as const;

function facts(instance: InstanceView, service: ServiceView): readonly string[] {
  return [
    instance.state,
    ...(instance.pid === undefined ? [] : [`pid ${instance.pid}`]),
    ...(instance.port === undefined ? [] : [`port ${instance.port}`]),
    ...(instance.uptimeMs === undefined ? [] : [`up ${roughly(instance.uptimeMs)}`]),
    ...(service.dependsOn.length === 0 ? [] : [`needs ${service.dependsOn.join(", ")}`]),
  ];
}

export function InstancePanel(props: {
  instance: InstanceView;
  service: ServiceView;
}): JSX.Element {
  const { instance, service } = props;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    panel.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <section class="panel" aria-label={`${instance.target}, live`} ref={panel}>
      <div class="panel-head">
        <p>{facts(instance, service).join(" · ")}</p>
        <RestartButton service={service} />
        <a class="button button-small" href={nowHref}>
          Close
        </a>
      </div>
      <div class="charts">
        {charts.map((chart) => (
          <Chart key={chart.metric} target={instance.target} {...chart} />
        ))}
      </div>
      <Logs service={service.name} target={instance.target} />
    </section>
  );
}
