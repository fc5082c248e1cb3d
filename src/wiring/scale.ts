// How many instances people want of a service in place of what the config says, until all is stopped.
import type { Loop } from "../controller/loop.ts";
import type { State } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Policy, ServicePolicy } from "../model/policy.ts";
import type { Supervisor } from "../supervisor/spec.ts";

type Step = (text: string, tookMs: number) => void;

/** As the config has it. */
const replicasMax = 64;

/** A daemon that takes over keeps what people have ordered of the one before. */
export function scaledPolicy(policy: Policy, { scaled }: Pick<State, "scaled">): Policy {
  const services = Object.entries(policy.services).map(([name, service]) => {
    const replicas = Object.hasOwn(scaled, name) ? scaled[name]?.replicas : undefined;
    return [name, replicas === undefined ? service : { ...service, replicas }] as const;
  });
  return { ...policy, services: Object.fromEntries(services) };
}

/**
 * `count` are those that serve; spares come on top. Resolves when the new ones are ready.
 * @throws UNKNOWN_ID; NOT_NOW for a job, one that is stopped or waits, one with a port of its own.
 */
export async function scale(
  loop: Loop,
  supervisor: Supervisor,
  name: string,
  count: number,
  by: string,
  step: Step,
): Promise<void> {
  const { policy } = loop.mind.state;
  const service = Object.hasOwn(policy.services, name) ? policy.services[name] : undefined;
  if (!service) {
    const known = Object.keys(policy.services).join(", ");
    throw new HomeostatError("UNKNOWN_ID", `there is no service ${name}; known: ${known}`);
  }
  const replicas = count + (service.spares ?? 0);
  const why = whyNot(loop.mind.state, service, replicas, supervisor);
  if (why !== undefined) throw new HomeostatError("NOT_NOW", why);
  if (replicas === service.replicas) return step(`${name} has ${count} already`, 0);
  const tell = (): void => {
    loop.emit({ type: "operator.scaled", subject: name, data: { by, replicas } });
  };
  // Instances that nobody wants are none to be healed, and those that are new are.
  if (replicas > service.replicas) tell();
  await supervisor.scale(name, replicas, by, step);
  if (replicas < service.replicas) tell();
}

function whyNot(
  { held, waiting }: State,
  { name, job, external }: ServicePolicy,
  replicas: number,
  supervisor: Supervisor,
): string | undefined {
  if (job) return `${name} is a job: it runs once at a time`;
  if (external) return `${name} runs elsewhere`;
  if (held[name]) return `${name} was stopped by ${held[name].by}: homeostat start ${name}`;
  if (waiting[name]) return `${name} is not started yet: homeostat ps`;
  if (replicas > replicasMax) return `${name} can have at most ${replicasMax} instances`;
  if (replicas > 1 && !supervisor.scales(name)) return `${name} has one port for all: it runs once`;
  return undefined;
}
