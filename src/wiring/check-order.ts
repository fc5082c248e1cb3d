// What dependencies, jobs, groups and profiles say together: circles, and conditions that never come.
import { findCycle } from "../supervisor/order.ts";
import { nameOfService, servicesMax } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { type Raw, record, texts } from "./raw.ts";
import { type At, either, nearest, quote, show } from "./words.ts";

/** `external`: services that run elsewhere, which others may depend on. */
export function checkOrder(services: Raw, external: Raw = {}): readonly Finding[] {
  const names = Object.keys(services);
  return [
    ...checkCycles(services),
    ...names.flatMap((name) => checkDependencies(name, services, external)),
    ...names.flatMap((name) => checkExternals(name, services, external)),
    ...names.flatMap((name) => checkConditions(name, services)),
    ...names.flatMap((name) => checkJob(record(services[name]), ["services", name])),
    ...names.flatMap((name) => checkGroup(name, services)),
    ...names.flatMap((name) => checkProfiles(name, services)),
  ];
}

interface Entry {
  readonly name: string;
  readonly at: At;
  /** As it is written; a name in a list means "ready". */
  readonly condition: unknown;
}

function entriesOf(name: string, services: Raw): readonly Entry[] {
  const { dependsOn } = record(services[name]);
  const base: At = ["services", name, "dependsOn"];
  const listed = texts(dependsOn).map(([other, place]) => ({
    ...{ name: other, at: [...base, place], condition: "ready" },
  }));
  const mapped = Object.entries(record(dependsOn)).map(([other, condition]) => ({
    ...{ name: other, at: [...base, other], condition },
  }));
  return [...listed, ...mapped];
}

/** Each cycle once: its services are left out of the search for the next one. */
function checkCycles(services: Raw): readonly Finding[] {
  let nodes = Object.keys(services).map((name) => ({
    name,
    dependsOn: entriesOf(name, services).flatMap((it) => (it.name === name ? [] : [it.name])),
  }));
  if (nodes.length > servicesMax) return [];
  const findings: Finding[] = [];
  for (let cycle = findCycle(nodes); cycle; cycle = findCycle(nodes)) {
    const [first = "", second = ""] = cycle;
    const at = entriesOf(first, services).find((it) => it.name === second)?.at ?? [];
    findings.push({ at, expected: "no cycle", got: cycle.join(" → ") });
    const met = new Set(cycle);
    nodes = nodes.filter((node) => !met.has(node.name));
  }
  return findings;
}

function checkDependencies(name: string, services: Raw, external: Raw): readonly Finding[] {
  const names = [...Object.keys(services), ...Object.keys(external)];
  const seen = new Set<string>();
  return entriesOf(name, services).flatMap(({ name: other, at }) => {
    const again = seen.has(other);
    seen.add(other);
    if (again) return [{ at, expected: "each service once", got: `${quote(other)} again` }];
    if (other === name) return [{ at, expected: "another service", got: `${quote(name)}, itself` }];
    if (names.includes(other)) return [];
    const others = names.filter((known) => known !== name && nameOfService.test(known));
    const near = nearest(other, others);
    const few = others.length > 12 ? [...others.slice(0, 11), "…"] : others;
    const known = few.length === 0 ? "no entry, because there is no other service" : either(few);
    const expected = near === undefined ? known : quote(near);
    return [{ at, expected, got: `${show(other)}, which is no service` }];
  });
}

/** Of what runs elsewhere is known how it is, and nothing else. */
function checkExternals(name: string, services: Raw, external: Raw): readonly Finding[] {
  return entriesOf(name, services).flatMap(({ name: other, at, condition }) => {
    const isExternal = Object.hasOwn(external, other) && !Object.hasOwn(services, other);
    if (!isExternal || condition === "ready") return [];
    const expected = '"ready", because no more is known of what runs elsewhere';
    return [{ at, expected, got: show(condition) }];
  });
}

/** Conditions that could never come true. */
function checkConditions(name: string, services: Raw): readonly Finding[] {
  return entriesOf(name, services).flatMap(({ name: other, at, condition }) => {
    if (other === name || !Object.hasOwn(services, other)) return [];
    const service = record(services[other]);
    const job = service.job === undefined ? undefined : record(service.job);
    if (condition === "completed" && !job) {
      const expected = '"ready", "started" or { logged: … }, because only a job is ever completed';
      return [{ at, expected, got: `"completed" of ${other}, which is no job` }];
    }
    if (condition === "ready" && job) {
      const expected = `{ ${other}: "completed" }, because a job is never ready`;
      return [{ at, expected, got: `"ready" of ${other}, a job` }];
    }
    const runs = job?.onStart ?? job?.schedule === undefined;
    if (!job || runs === true) return [];
    const expected = `${other} to be a job that runs at the start, see job.onStart`;
    return [{ at, expected, got: "one that does not" }];
  });
}

/** What keeps a service running and reachable means nothing to what ends by itself. */
const notForJobs = ["port", "probe", "probes", "configFiles", "degradable", "hold", "timeout"];
const restartNotForJobs = ["giveUp", "retry", "stable", "loopExits"];

function checkJob(service: Raw, at: At): readonly Finding[] {
  if (service.job === undefined) return [];
  const { schedule, onStart, ...job } = record(service.job);
  const findings: Finding[] = [];
  const refuse = (key: At, expected: string, got: string): void => {
    findings.push({ at: [...at, ...key], expected, got });
  };
  for (const key of notForJobs) {
    if (service[key] !== undefined) refuse([key], `no ${key}, because a job ends`, "one");
  }
  if (typeof service.replicas === "number" && service.replicas > 1) {
    refuse(["replicas"], "1, because a job runs once at a time", String(service.replicas));
  }
  const restart = record(service.restart);
  for (const key of restartNotForJobs) {
    if (restart[key] !== undefined) refuse(["restart", key], "job.retries instead", "a job");
  }
  if (restart.when === "always") {
    refuse(["restart", "when"], '"unexpected" or "never", because a job ends', '"always"');
  }
  if (restart.when === "never" && typeof job.retries === "number" && job.retries > 0) {
    refuse(["job", "retries"], '0, because restart.when is "never"', String(job.retries));
  }
  if (schedule !== undefined) return findings;
  for (const key of ["timezone", "overlap", "catchUp", "jitter"]) {
    if (job[key] !== undefined) refuse(["job", key], "a schedule beside it", "none");
  }
  return findings;
}

function checkGroup(name: string, services: Raw): readonly Finding[] {
  const { partOf } = record(services[name]);
  if (typeof partOf !== "string" || !Object.hasOwn(services, partOf)) return [];
  const at = ["services", name, "partOf"];
  return [{ at, expected: "a name that no service has", got: `${quote(partOf)}, a service` }];
}

/** Wherever the dependent runs, what it depends on has to run too. */
function checkProfiles(name: string, services: Raw): readonly Finding[] {
  const own = profilesOf(services[name]);
  return entriesOf(name, services).flatMap(({ name: other, at }) => {
    const theirs = Object.hasOwn(services, other) ? profilesOf(services[other]) : undefined;
    if (!theirs) return [];
    const lacking = own?.filter((profile) => !theirs.includes(profile));
    if (lacking?.length === 0) return [];
    const without = lacking ? `with profile ${lacking[0]}` : "without a profile";
    const expected = `a service that runs wherever ${name} does`;
    return [{ at, expected, got: `${quote(other)}, which does not run ${without}` }];
  });
}

function profilesOf(service: unknown): readonly string[] | undefined {
  const { profiles } = record(service);
  return Array.isArray(profiles) ? texts(profiles).map(([text]) => text) : undefined;
}

/** Profiles that were chosen must be somebody's, and leave something to run. */
export function checkChosen(services: Raw, chosen: readonly string[]): readonly Finding[] {
  const known = [...new Set(Object.values(services).flatMap((it) => profilesOf(it) ?? []))];
  const findings = chosen
    .filter((profile) => !known.includes(profile))
    .map((profile) => {
      const near = nearest(profile, known);
      const some = known.length === 0 ? "none, because no service has profiles" : either(known);
      const expected = near === undefined ? some : quote(near);
      return { at: ["--profile"], expected, got: quote(profile) };
    });
  const all = Object.values(services);
  const runs = all.some((it) => profilesOf(it)?.some((p) => chosen.includes(p)) ?? true);
  if (runs || all.length === 0 || findings.length > 0) return findings;
  return [
    { at: ["--profile"], expected: either(known), got: "none, so that no service would run" },
  ];
}
