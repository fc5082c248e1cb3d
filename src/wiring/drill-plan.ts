// Which fault a drill is to cause, to whom, and in which words: from the state of the loop.
import { dependenciesOf, instancesOf, isHealthy, type State } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { DrillKind } from "../model/drill.ts";
import type { ServicePolicy } from "../model/policy.ts";
import {
  gatewayTarget,
  isInstance,
  serviceOf,
  spawnerTarget,
  type Target,
} from "../model/target.ts";
import type { DrillPlan } from "../protocol/drills.ts";
import { placeForm } from "./forms.ts";
import type { Resolved } from "./resolve.ts";
import type { ResolvedExternal } from "./resolve-external.ts";

export type Aim = Pick<DrillPlan, "kind" | "target" | "text" | "place"> & {
  readonly services: readonly string[];
};

/** @throws UNKNOWN_ID, and NOT_NOW for a fault that cannot be caused, or that nobody would see. */
export function aim(
  state: State,
  resolved: Resolved,
  kind: DrillKind,
  asked: string | undefined,
): Aim {
  const all = Object.keys(state.policy.services);
  switch (kind) {
    case "stop":
    case "kill":
    case "freeze":
      return atInstance(state, kind, asked);
    case "network":
      return atPlace(state, resolved, asked);
    case "daemon":
      return whole(kind, "@daemon", asked, all, "KILL to the daemon, and the next one is started");
    case "gateway":
      if (!Object.values(state.policy.services).some(({ routed }) => routed)) {
        throw notNow("no service has a port: nothing goes through a gateway");
      }
      return whole(kind, gatewayTarget, asked, all, "KILL to the gateway");
    case "spawner":
      return whole(kind, spawnerTarget, asked, all, "KILL to the spawner");
    default: {
      const text =
        "KILL to the daemon and to all processes of the project at once, then homeostat up: what a restart of the machine does to it, but for the machine (its boot id stays, its disks and caches too)";
      return whole(kind, "@project", asked, all, text);
    }
  }
}

function whole(
  kind: DrillKind,
  target: Target,
  asked: string | undefined,
  services: readonly string[],
  text: string,
): Aim {
  if (asked !== undefined) throw notNow(`drill ${kind} takes no target, got ${asked}`);
  return { kind, target, text, services };
}

const signals = { stop: "TERM", kill: "KILL", freeze: "STOP" } as const;

function atInstance(state: State, kind: keyof typeof signals, asked: string | undefined): Aim {
  const target = asked === undefined ? someInstance(state, kind) : named(state, asked);
  const policy = state.policy.services[serviceOf(target)];
  if (!policy || !fits(policy, kind)) throw notNow(unfit(policy, kind, target));
  if (!isHealthy(state, target)) throw notNow(`${target} is not well: a drill begins with who is`);
  const services = [policy.name, ...dependentsOf(state, policy.name)];
  return { kind, target, services, text: `${signals[kind]} to ${target}` };
}

/** Where the most go on meanwhile. */
function someInstance(state: State, kind: DrillKind): Target {
  const well = (it: ServicePolicy): readonly Target[] =>
    instancesOf(it).filter((target) => isHealthy(state, target));
  const [best] = Object.values(state.policy.services)
    .filter((it) => fits(it, kind) && !(it.name in state.held))
    .toSorted((a, b) => well(b).length - well(a).length);
  const target = best && well(best)[0];
  if (target !== undefined) return target;
  const seen = kind === "freeze" ? " with a probe" : "";
  throw notNow(`no instance${seen} is well: there is nothing to ${kind}`);
}

function named(state: State, asked: string): Target {
  const policy = state.policy.services[serviceOf(asked)];
  if (!policy || !Object.hasOwn(state.policy.services, serviceOf(asked))) {
    const known = Object.keys(state.policy.services).join(", ");
    throw new HomeostatError(
      "UNKNOWN_ID",
      `there is no service ${serviceOf(asked)}; known: ${known}`,
    );
  }
  const all = instancesOf(policy);
  if (!isInstance(asked)) return all.find((it) => isHealthy(state, it)) ?? all[0] ?? asked;
  if (all.includes(asked)) return asked;
  throw new HomeostatError("UNKNOWN_ID", `there is no instance ${asked}; known: ${all.join(", ")}`);
}

/** A process that hangs is seen by a probe only. */
function fits({ external, job, probe }: ServicePolicy, kind: DrillKind): boolean {
  return !external && !job && (kind !== "freeze" || probe !== undefined);
}

function unfit(policy: ServicePolicy | undefined, kind: DrillKind, target: Target): string {
  if (policy?.external) return `${target} runs elsewhere: there is no process to ${kind}`;
  if (policy?.job) return `${target} is a job, which ends by itself`;
  return `${target} has no probe: nobody would see that it is frozen`;
}

function atPlace(state: State, resolved: Resolved, asked: string | undefined): Aim {
  const places = Object.keys(state.policy.services).flatMap((name) => {
    const dependents = dependentsOf(state, name);
    const place = placeOf(resolved, name);
    return place && dependents.length > 0 ? [{ name, place, dependents }] : [];
  });
  const found = places.find(({ name }) => asked === undefined || name === asked);
  if (!found) {
    const known = places.map(({ name }) => name).join(", ") || "none";
    const what = asked === undefined ? "nothing" : asked;
    throw notNow(
      `${what} is no dependency with a port that could be cut off; such dependencies: ${known}`,
    );
  }
  const { name, place, dependents } = found;
  const where = `${place.host}:${place.port}`;
  const text = `packets from this machine to ${name} (${where}) are dropped, those of ${dependents.join(", ")} and of everybody else here`;
  return { kind: "network", target: name, services: [name, ...dependents], text, place };
}

function placeOf({ services, external }: Resolved, name: string): DrillPlan["place"] {
  const port = services[name]?.port;
  if (port !== undefined) return { host: "127.0.0.1", port };
  return external[name] && placeOutside(external[name]);
}

function placeOutside({ http, tcp }: ResolvedExternal): DrillPlan["place"] {
  if (http !== undefined) {
    const { hostname, port, protocol } = new URL(http);
    const usual = protocol === "https:" ? 443 : 80;
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    return { host, port: port === "" ? usual : Number(port) };
  }
  const { six, name, port } = (tcp === undefined ? undefined : placeForm.exec(tcp)?.groups) ?? {};
  const host = six ?? name;
  return host === undefined ? undefined : { host, port: Number(port) };
}

/** Who depends on it, over any number of steps. */
function dependentsOf({ policy }: State, service: string): readonly string[] {
  return Object.keys(policy.services).filter((name) => dependenciesOf(policy, name).has(service));
}

function notNow(message: string): HomeostatError {
  return new HomeostatError("NOT_NOW", message);
}
