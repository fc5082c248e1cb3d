// The sicknesses of the tour: how each is inflicted, and which answer is the right one.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { IncidentDetail } from "homeostat";
import { type Daemon, shopFolder, stateFolder, until } from "./daemon.ts";

export interface Sickness {
  readonly name: string;
  /** What is done to the shop, in one line. */
  readonly inflicts: string;
  readonly service: string;
  readonly right: string;
  /** Makes the shop sick; what it returns is called when the incident is mitigated or over. */
  inflict(daemon: Daemon): Promise<undefined | (() => Promise<void>)>;
  /** What is wrong with the answer; empty when it is right. */
  judge(incident: IncidentDetail): readonly string[];
  /** Whether requests of a safe method may be lost: only where no instance is left. */
  readonly mayLose: boolean;
}

const config = join(stateFolder, "shop", "payments.config.json");
export const soundConfig: string = join(shopFolder, "payments.config.json");
export const configInUse: string = config;

export const sicknesses: readonly Sickness[] = [
  {
    name: "kill -9",
    inflicts: "kill -9 of one of two replicas of web",
    service: "web",
    right: "start it again",
    mayLose: false,
    inflict: async (daemon) => {
      process.kill(await pidOf(daemon, "web/1"), "SIGKILL");
      return undefined;
    },
    judge: (incident) => [
      ...expectDiagnosis(incident, "crash", "SIGKILL"),
      ...expectActions(incident, ["start web/1"]),
    ],
  },
  {
    name: "blocked event loop",
    inflicts: "an endless loop in resizeThumbnail blocks web/2",
    service: "web",
    right: "name the blocked function, then restart that instance",
    mayLose: false,
    inflict: async (daemon) => {
      await switchOn(daemon, "web/2", "block");
      return undefined;
    },
    judge: (incident) => [
      ...expectDiagnosis(incident, "hang", "resizeThumbnail"),
      ...expectActions(incident, ["restart web/2"]),
    ],
  },
  {
    name: "bad config",
    inflicts: "a bad payments.config.json sends both replicas of payments into a crash loop",
    service: "payments",
    right: "put the last known good config back",
    mayLose: false,
    inflict: async () => {
      const text = readFileSync(config, "utf8").replace(/"timeoutMs": *\d+/, '"timeoutMs": "soon"');
      writeFileSync(`${config}.new`, text);
      renameSync(`${config}.new`, config);
      return undefined;
    },
    judge: (incident) => [
      ...expectDiagnosis(incident, "bad-change", "payments.config.json"),
      ...expectRollback(incident),
    ],
  },
  {
    name: "slow dependency",
    inflicts: "the model store behind recommendations takes 1.2 s an answer",
    service: "recommendations",
    right: "no restart: let the shop sell without recommendations until they are quick again",
    mayLose: false,
    inflict: async (daemon) => {
      await switchOn(daemon, "recommendations/1", "slow", { ms: 1_200 });
      return async () => {
        await sleep(2_000);
        await switchOn(daemon, "recommendations/1", "slow", { on: false });
      };
    },
    judge: (incident) => [
      ...expectDiagnosis(incident, "slow-dependency", "recommendations"),
      ...expectActions(incident, ["degrade recommendations", "restore recommendations"]),
    ],
  },
  {
    name: "ignores TERM",
    inflicts: "the worker stops taking jobs and ignores TERM",
    service: "worker",
    right: "TERM, wait, KILL, start again",
    mayLose: false,
    inflict: async (daemon) => {
      await switchOn(daemon, "worker/1", "stall");
      return undefined;
    },
    judge: (incident) => [
      ...expectDiagnosis(incident, "stuck", "worker/1"),
      ...expectActions(incident, ["restart worker/1"]),
      ...expectStep(incident, /SIGTERM: it did not end/),
      ...expectStep(incident, /SIGKILL/),
    ],
  },
];

async function pidOf(daemon: Daemon, target: string): Promise<number> {
  return (await instanceOf(daemon, target)).pid;
}

async function instanceOf(daemon: Daemon, target: string): Promise<{ pid: number; port: number }> {
  return until(`a process of ${target}`, 20_000, async () => {
    const { services } = await daemon.state();
    const found = services.flatMap((it) => it.instances).find((it) => it.target === target);
    const { pid, port } = found ?? {};
    return pid === undefined || port === undefined ? undefined : { pid, port };
  });
}

async function switchOn(
  daemon: Daemon,
  target: string,
  name: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { port } = await instanceOf(daemon, target);
  const response = await fetch(`http://127.0.0.1:${port}/_sick/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`/_sick/${name} of ${target}: ${response.status}`);
  await response.arrayBuffer();
}

function expectDiagnosis(detail: IncidentDetail, kind: string, word: string): readonly string[] {
  const { diagnosis } = detail.incident;
  if (diagnosis?.kind !== kind)
    return [`diagnosis ${diagnosis?.kind ?? "none"} instead of ${kind}`];
  return diagnosis.text.includes(word) ? [] : [`the diagnosis does not name ${word}`];
}

function expectActions(detail: IncidentDetail, wanted: readonly string[]): readonly string[] {
  const done = detail.incident.actions.map(({ kind, target }) => `${kind} ${target}`);
  if (done.join(", ") === wanted.join(", ")) return [];
  return [`done: ${done.join(", ") || "nothing"} instead of ${wanted.join(", ")}`];
}

/** One rollback that was verified; few starts, because a start cannot mend a bad config. */
function expectRollback({ incident }: IncidentDetail): readonly string[] {
  const rollbacks = incident.actions.filter((action) => action.kind === "rollback");
  const starts = incident.actions.filter((action) => action.kind === "start").length;
  const others = incident.actions.length - rollbacks.length - starts;
  const wrong: string[] = [];
  if (rollbacks.length !== 1) wrong.push(`${rollbacks.length} rollbacks instead of 1`);
  if (rollbacks[0]?.outcome?.result !== "verified") wrong.push("the rollback was not verified");
  if (starts > 6) wrong.push(`${starts} starts of a service that could not start`);
  if (others > 0) wrong.push(`${others} other actions`);
  const back = readFileSync(config, "utf8") === readFileSync(soundConfig, "utf8");
  if (!back) wrong.push("the sound config is not back");
  return wrong;
}

function expectStep({ incident }: IncidentDetail, pattern: RegExp): readonly string[] {
  const steps = incident.actions.flatMap((action) => action.receipt?.steps ?? []);
  return steps.some((step) => pattern.test(step.text)) ? [] : [`no step ${pattern.source}`];
}
