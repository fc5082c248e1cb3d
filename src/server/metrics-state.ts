// The state of the loop as metrics: each service and instance, open incidents, questions to people.
import { openIncidents } from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import { metrics } from "../model/reading.ts";
import type { InstanceView, ServiceView, StateView } from "../protocol/api.ts";
import type { Family } from "../protocol/metric-family.ts";
import { family, type Labels, type Point } from "./metrics-parts.ts";

const healths: readonly ServiceView["health"][] = [
  "healthy",
  "degraded",
  "down",
  "starting",
  "stopped",
];

/** "replica", because Prometheus calls the process that it asks "instance". */
function labelsOf({ target }: InstanceView): Labels {
  const [service = "", replica = ""] = target.split("/");
  return { service, replica };
}

export function stateFamilies(mind: Mind, view: StateView): readonly Family[] {
  return [
    ...serviceFamilies(view.services),
    ...instanceFamilies(view.services.flatMap(({ instances }) => instances)),
    ...loopFamilies(mind, view),
  ];
}

function serviceFamilies(services: readonly ServiceView[]): readonly Family[] {
  const each = services.flatMap(({ name, health }) =>
    healths.map((one): Point => [{ service: name, health: one }, Number(one === health)]),
  );
  return [
    family("gauge", "service_health", "1 for the health that a service is in", each),
    family(
      "gauge",
      "service_replicas",
      "Instances that the config asks for",
      services.map(({ name, replicas }) => [{ service: name }, replicas]),
    ),
  ];
}

/** What is measured of a process, by the name of its reading. */
const figures: readonly (readonly [name: string, metric: string, help: string, factor: number])[] =
  [
    ["cpu_ratio", metrics.cpu.name, "CPU in cores", 1],
    ["resident_memory_bytes", metrics.rss.name, "Resident memory", 1],
    ["open_fds", metrics.fds.name, "Open file descriptors", 1],
    ["threads", metrics.threads.name, "Threads", 1],
    [
      "event_loop_delay_seconds",
      metrics.appLoopDelay.name,
      "Delay of the event loop, 99th percentile, as its app tells it over its link",
      0.001,
    ],
  ];

function instanceFamilies(instances: readonly InstanceView[]): readonly Family[] {
  const yes = (name: string, help: string, is: (one: InstanceView) => boolean): Family =>
    family(
      "gauge",
      `instance_${name}`,
      help,
      instances.map((one) => [labelsOf(one), Number(is(one))]),
    );
  const up = instances.filter(({ state }) => state === "ready" || state === "starting");
  return [
    yes("up", "Whether its process runs", ({ state }) => state !== "down"),
    yes("ready", "Whether it is ready for traffic", ({ state }) => state === "ready"),
    yes(
      "healthy",
      "Whether it is ready and without a symptom",
      ({ health }) => health === "healthy",
    ),
    family(
      "gauge",
      "instance_uptime_seconds",
      "Time since its process was started",
      up.map((one) => [labelsOf(one), (one.uptimeMs ?? 0) / 1_000]),
    ),
    ...figures.map(([name, metric, help, factor]) =>
      family(
        "gauge",
        `instance_${name}`,
        help,
        // What a process that is gone has shown last says nothing of the next one.
        up.flatMap((one): readonly Point[] => {
          const value = one.latest[metric];
          return value === undefined ? [] : [[labelsOf(one), value * factor]];
        }),
      ),
    ),
  ];
}

function loopFamilies({ state }: Mind, view: StateView): readonly Family[] {
  const open = openIncidents(state);
  const critical = open.filter((incident) => incident.state === "escalated").length;
  return [
    family("gauge", "incidents_open", "Open incidents; critical: people have to act", [
      [{ severity: "critical" }, critical],
      [{ severity: "warning" }, open.length - critical],
    ]),
    family("gauge", "approvals_open", "Questions to people that wait for an answer", [
      [{}, view.approvals.length],
    ]),
    family("gauge", "paused", "1 while people have paused the loop", [
      [{}, Number(view.paused !== undefined)],
    ]),
    family("counter", "journal_events_total", "Events in the journal", [[{}, state.seq]]),
  ];
}
