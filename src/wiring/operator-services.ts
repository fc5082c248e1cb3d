// What people can order of a service or of a group of them: restart, stop, start; and run a job.
import type { Loop } from "../controller/loop.ts";
import { instancesOf } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { untilText } from "../supervisor/condition.ts";
import { dependentsFirst, startOrder } from "../supervisor/order.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { scale } from "./scale.ts";

type Step = (text: string, tookMs: number) => void;

/** `name` is a service or a group. @throws UNKNOWN_ID; NOT_NOW for what contradicts its state. */
export interface ServiceOrders {
  /** A rolling restart; resolves when every instance is ready again. */
  restart(name: string, by: string, step: Step): Promise<void>;
  /** Ended, dependents first, and started by nobody but people from now on. */
  stop(name: string, by: string, step: Step): Promise<void>;
  /** Resolves when all of it is ready, or after a while with a step for each that waits. */
  start(name: string, by: string, step: Step): Promise<void>;
  /** So many instances that serve, until all is stopped. */
  scale(name: string, count: number, by: string, step: Step): Promise<void>;
  /** How many rounds of the job had ended before: the one that begins now is the next. */
  run(name: string, by: string): { readonly ended: number };
}

/** What is not ready by then goes on starting, and is told as such. */
const startsMs = 30_000;

export function serviceOrders(loop: Loop, supervisor: Supervisor): ServiceOrders {
  const { clock } = loop;
  const state = () => loop.mind.state;
  const select = (name: string): readonly ServicePolicy[] => {
    mustWrite(loop);
    return selected(state().policy.services, name);
  };
  const timed = async (text: string, step: Step, work: () => Promise<void>): Promise<void> => {
    const fromMs = clock.now();
    await work();
    step(text, clock.now() - fromMs);
  };
  return {
    restart: async (name, by, step) => {
      const all = select(name);
      const fit = all.filter(({ job, name }) => !job && !(name in state().held));
      if (fit.length === 0) throw notNow(unfit(loop, all[0], name));
      for (const { name: service } of fit) {
        const data = { target: service, what: "restart" as const, by, atMs: state().atMs };
        loop.emit({ type: "change.seen", subject: service, data });
        await supervisor.rolling(service, by, step);
      }
      for (const other of all) {
        if (!fit.includes(other)) step(`left alone: ${unfit(loop, other, other.name)}`, 0);
      }
    },
    stop: async (name, by, step) => {
      const all = select(name);
      for (const { name: service } of all) {
        if (service in state().held) step(`${service} is stopped already`, 0);
        else loop.emit({ type: "operator.stopped", subject: service, data: { by } });
      }
      await dependentsFirst(all, (service) =>
        timed(`${service} is stopped`, step, () => supervisor.hold(service, by)),
      );
      for (const text of bereft(loop, all)) step(text, 0);
    },
    start: async (name, by, step) => {
      const begun = select(name).map((policy) => begin(loop, supervisor, policy, by, step));
      const patience = new AbortController();
      const late = clock.sleep(startsMs, patience.signal).catch(() => {});
      await Promise.race([Promise.all(begun.map(({ over }) => over)), late]);
      patience.abort();
      for (const { service, isOver } of begun) if (!isOver()) step(delay(loop, service), startsMs);
    },
    scale: async (name, count, by, step) => {
      mustWrite(loop);
      await scale(loop, supervisor, name, count, by, step);
    },
    run: (name, by) => {
      const policy = Object.hasOwn(state().policy.services, name)
        ? state().policy.services[name]
        : undefined;
      if (!policy) select(name);
      if (!policy?.job) throw notNow(`${name} is no job: homeostat start ${name}`);
      const held = state().held[name];
      if (held) throw notNow(`${name} was stopped by ${held.by}: homeostat start ${name}`);
      const { round, ended = 0 } = state().jobs[name] ?? {};
      if (round) {
        const doing = round.running ? "runs already" : "is to be tried again after a failure";
        throw notNow(`${name} ${doing}, asked for by ${round.by}`);
      }
      mustWrite(loop);
      loop.emit({ type: "job.due", subject: name, data: { by } });
      return { ended };
    },
  };
}

/** What people order is written down before it is done. @throws JOURNAL_UNUSABLE */
export function mustWrite({ stuck }: Loop): void {
  if (stuck === undefined) return;
  const text = `nothing can be written down, so nothing is done: ${stuck}`;
  throw new HomeostatError("JOURNAL_UNUSABLE", text);
}

interface Begun {
  readonly service: string;
  readonly over: Promise<void>;
  readonly isOver: () => boolean;
}

function begin(
  loop: Loop,
  supervisor: Supervisor,
  policy: ServicePolicy,
  by: string,
  step: Step,
): Begun {
  const { name: service, job } = policy;
  const { clock } = loop;
  const fromMs = clock.now();
  let isOver = false;
  const work = async (): Promise<void> => {
    const held = service in loop.mind.state.held;
    const targets = instancesOf(policy);
    const running = new Set(supervisor.running().map(({ target }) => target));
    if (!held && (job || targets.every((target) => running.has(target)))) {
      step(job ? `${service} is not stopped: homeostat run ${service}` : `${service} runs`, 0);
      return;
    }
    if (held) loop.emit({ type: "operator.started", subject: service, data: { by } });
    await supervisor.release(service, by);
    if (!job) await Promise.all(targets.map((target) => supervisor.ready(target)));
    step(`${service} ${job ? "may run again" : "is ready"}`, clock.now() - fromMs);
  };
  const told = (error: unknown): void => {
    step(`${service}: ${error instanceof Error ? error.message : String(error)}`, 0);
  };
  const over = work()
    .catch(told)
    .then(() => {
      isOver = true;
    });
  return { service, over, isOver: () => isOver };
}

function delay(loop: Loop, service: string): string {
  const { for: needed = [] } = loop.mind.state.waiting[service] ?? {};
  if (needed.length === 0) return `${service} is still on its way to ${untilText("ready")}`;
  const whom = needed.map(({ service: name, until }) => `${name} to ${until}`).join(" and ");
  return `${service} waits for ${whom}`;
}

/** Who goes on without what was stopped. */
function bereft(loop: Loop, stopped: readonly ServicePolicy[]): readonly string[] {
  const { policy, held } = loop.mind.state;
  return Object.values(policy.services).flatMap(({ name, dependsOn, job }) => {
    if (name in held || job) return [];
    const lost = stopped
      .filter((it) => !it.job && dependsOn.includes(it.name))
      .map((it) => it.name);
    return lost.length === 0 ? [] : [`${name} depends on ${lost.join(", ")} and goes on without`];
  });
}

/** Those of a group, or the one service, what others depend on first. @throws UNKNOWN_ID */
function selected(
  services: Readonly<Record<string, ServicePolicy>>,
  name: string,
): readonly ServicePolicy[] {
  const all = Object.values(services);
  const own = Object.hasOwn(services, name) ? services[name] : undefined;
  if (own?.external)
    throw notNow(`${name} runs elsewhere: it is watched, and never started or stopped`);
  const fit = own ? [own] : all.filter(({ partOf }) => partOf === name);
  if (fit.length === 0) {
    const groups = [...new Set(all.flatMap(({ partOf }) => partOf ?? []))];
    const known = Object.keys(services).join(", ");
    const more = groups.length === 0 ? "" : `; groups: ${groups.join(", ")}`;
    throw new HomeostatError("UNKNOWN_ID", `there is no service ${name}; known: ${known}${more}`);
  }
  const names = new Set(fit.map((policy) => policy.name));
  return startOrder(all).flatMap((service) => {
    const policy = names.has(service) ? services[service] : undefined;
    return policy ? [policy] : [];
  });
}

function unfit({ mind }: Loop, policy: ServicePolicy | undefined, name: string): string {
  const held = policy && mind.state.held[policy.name];
  if (held) return `${name} was stopped by ${held.by}: homeostat start ${name}`;
  return `${name} is a job: homeostat run ${name}`;
}

function notNow(message: string): HomeostatError {
  return new HomeostatError("NOT_NOW", message);
}
