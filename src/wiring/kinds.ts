// Which detectors watch what of a service: the only place that names their kinds.
import type { DetectorRule } from "../controller/sense.ts";
import { consecutive } from "../detectors/consecutive.ts";
import type { Detector } from "../detectors/detector.ts";
import { expiry } from "../detectors/expiry.ts";
import { newTemplate } from "../detectors/new-template.ts";
import { unusualMetric } from "../detectors/series/watch.ts";
import { silence } from "../detectors/silence.ts";
import { threshold } from "../detectors/threshold.ts";
import { unusual } from "../detectors/unusual.ts";
import type { Policy, ProbesPolicy, ServicePolicy } from "../model/policy.ts";
import { type Metric, metrics } from "../model/reading.ts";
import { seriesName } from "../model/series.ts";
import { diskTarget, hostTarget } from "../model/target.ts";
import { exhaustionRules, hostRules } from "./kinds-forecast.ts";

/** Missing probe readings for so many periods, and at least so long, are silence. */
const silentPeriods = 10;
const silentAtLeastMs = 10_000;

/** Rules are made once per policy: detectors hold no state, only their settings. */
export function detectorRules(): (policy: Policy, service: string) => readonly DetectorRule[] {
  const made = new WeakMap<Policy, Map<string, readonly DetectorRule[]>>();
  return (policy, service) => {
    const ofPolicy = made.get(policy) ?? new Map<string, readonly DetectorRule[]>();
    made.set(policy, ofPolicy);
    const known = ofPolicy.get(service);
    if (known) return known;
    const own = policy.services[service];
    const ofMachine: Record<string, readonly DetectorRule[]> = {
      [diskTarget]: diskRules,
      [hostTarget]: hostRules,
    };
    const rules = ofMachine[service] ?? (own ? rulesOf(own) : []);
    ofPolicy.set(service, rules);
    return rules;
  };
}

const diskRules: readonly DetectorRule[] = [
  {
    name: "room",
    metric: metrics.diskRoom.name,
    of: "service",
    detector: consecutive({
      ...{ failures: 1, successes: 1, kind: "full" },
      label: () => "the disk of journal and logs is nearly full",
    }),
  },
];

function rulesOf(policy: ServicePolicy): readonly DetectorRule[] {
  if (policy.external) return externalRules(policy);
  const { limits, probe } = policy;
  const { forMs } = limits;
  const rules: DetectorRule[] = [];
  const over = (
    of: DetectorRule["of"],
    metric: string,
    kind: "slow" | "errors" | "hot",
    limit: number | undefined,
    label: string,
  ): void => {
    if (limit === undefined) return;
    const detector = threshold({ kind, limit, forMs, label });
    rules.push({ name: metric, metric, of, detector });
  };
  if (probe) {
    const { failures, successes = 2, periodMs } = probe;
    const metric = metrics.probe.name;
    const afterMs = Math.max(silentAtLeastMs, silentPeriods * periodMs);
    const detector = consecutive({ failures, successes });
    rules.push({ name: "probe", metric, of: "instance", detector });
    if (!policy.probes?.livenessMayBeUnknown) {
      const heard = silence({ afterMs, label: "the probe" });
      rules.push({ name: "silence", metric, of: "instance", detector: heard });
    }
  }
  if (policy.probes) rules.push(...probesRules(policy.probes));
  rules.push(alerted, newLines);
  over("service", metrics.p95.name, "slow", limits.p95Ms, "p95 of its requests");
  over("service", metrics.errors.name, "errors", limits.errorRatio, "share of failed requests");
  over("instance", metrics.probeLatency.name, "slow", limits.probeLatencyMs, "answer of its probe");
  over("instance", metrics.cpu.name, "hot", limits.cpuRatio, "CPU");
  over("instance", metrics.rss.name, "hot", limits.rssBytes, "memory");
  rules.push(...exhaustionRules(limits));
  const { unusualPerMonth = 1 } = limits;
  if (unusualPerMonth > 0) {
    const detector = unusual({ budget: unusualPerMonth });
    rules.push({ name: "unusual", metric: unusualMetric, of: "service", detector });
  }
  over("service", errorLines, "errors", limits.errorLines, "error lines a second in its log");
  return rules;
}

/** Without another new kind of line for so long, the log is as it was. */
const newLinesMs = 300_000;
const newLines: DetectorRule = {
  name: "new-template",
  metric: metrics.logNewTemplates.name,
  of: "service",
  detector: newTemplate({ calmMs: newLinesMs }),
};
const errorLines = seriesName(metrics.logLines.name, { severity: "error" });

/** What an Alertmanager says has its own patience: one word of it is enough. */
const alerted: DetectorRule = {
  name: "alerts",
  metric: metrics.alerts.name,
  of: "service",
  detector: consecutive({
    ...{ failures: 1, successes: 1, kind: "failing" },
    label: () => "an alert is firing",
  }),
};

/** A probe that could not ask so often in a row is told to people. */
const brokenTimes = 3;

function brokenProbe(): Detector {
  const label = (): string => "its probe is broken";
  return consecutive({ failures: brokenTimes, successes: 1, kind: "silent", label });
}

/** Of what runs elsewhere: what we are answered, and what a watcher says that has its own patience. */
function externalRules({ probe }: ServicePolicy): readonly DetectorRule[] {
  const rule = (name: string, { name: metric }: Metric, detector: Detector): DetectorRule => ({
    ...{ name, metric, of: "service", detector },
  });
  const label = (): string => "a watcher outside says so";
  const told = consecutive({ failures: 1, successes: 1, kind: "failing", label });
  const watched = rule("watcher", metrics.watcher, told);
  if (!probe) return [watched, alerted, newLines];
  const asked = rule("probe", metrics.probe, consecutive(probe));
  const broken = rule("probe-broken", metrics.probeWorks, brokenProbe());
  return [asked, broken, watched, alerted, newLines];
}

function probesRules({ readiness, certificateMs }: ProbesPolicy): readonly DetectorRule[] {
  const rule = (name: string, metric: Metric, detector: Detector): DetectorRule => ({
    name,
    metric: metric.name,
    of: "instance",
    detector,
  });
  const rules: DetectorRule[] = [];
  rules.push(rule("probe-broken", metrics.probeWorks, brokenProbe()));
  if (readiness) {
    const label = (count: number): string => `not ready, ${count} times in a row`;
    const detector = consecutive({ ...readiness, kind: "unready", label });
    rules.push(rule("readiness", metrics.probeReady, detector));
  }
  if (certificateMs !== undefined) {
    rules.push(rule("certificate", metrics.certificateLeft, expiry({ warnMs: certificateMs })));
  }
  return rules;
}
