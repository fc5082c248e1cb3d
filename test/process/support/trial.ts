// What the tests of the daemon share: projects of small services, requests, and incidents.
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type Load, startLoad } from "../../../examples/shop/load.ts";
import type { Event } from "../../../src/model/event.ts";
import type { IncidentDetail } from "../../../src/protocol/api.ts";
import type { Config, ServiceConfig } from "../../../src/wiring/config.ts";
import { createProject, type Project, until } from "./project.ts";

export const command: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("./service.ts", import.meta.url)),
];

export const probe = { http: "/", interval: "200ms", timeout: "1s", failures: 2 } as const;

/** A service that is probed and restarted quickly. */
export function service(over: Partial<ServiceConfig> = {}): ServiceConfig {
  return {
    command,
    probe,
    restart: {
      backoff: { first: "200ms", max: "1s" },
      stable: "2s",
      giveUp: { exits: 40, within: "10m" },
    },
    ...over,
  };
}

export const healing = {
  mode: "auto",
  cooldown: { first: "200ms", max: "1s" },
  verify: { healthy: "500ms", timeout: "10s" },
  settle: "200ms",
} as const;

/** A project that ends with the test, however that ends. */
export async function project(
  t: TestContext,
  make: (folder: string, port: () => number) => Omit<Config, "project">,
): Promise<Project> {
  const made = await createProject((folder, port) => ({
    project: "trial",
    healing,
    ...make(folder, port),
  }));
  t.after(() => made.remove());
  return made;
}

/** Tells an instance something on its own port, past the gateway. */
export async function tell(project: Project, target: string, path: string): Promise<void> {
  const { port } = project.leader(target);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    signal: AbortSignal.timeout(5_000),
  });
  await response.text();
}

export async function status(port: number): Promise<number> {
  const signal = AbortSignal.timeout(2_000);
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal });
  await response.text();
  return response.status;
}

/** Customers of the shop; `service.ts` answers whatever they ask. */
export function customers(t: TestContext, port: number, ratePerS: number): Load {
  const load = startLoad({ baseUrl: `http://127.0.0.1:${port}`, ratePerS, seed: 1 });
  t.after(() => load.stop());
  return load;
}

/** The latest incident of a service once it is in a state that fits. */
export function incident(
  project: Project,
  service: string,
  fits: (detail: IncidentDetail) => boolean,
  limitMs = 20_000,
): Promise<IncidentDetail> {
  return until(`an incident of ${service}`, limitMs, async () => {
    const { incidents } = await project.view();
    const mine = incidents.filter((it) => it.service === service);
    const latest = mine.toSorted((a, b) => Number(b.id) - Number(a.id))[0];
    if (!latest) return undefined;
    const detail = await project.incident(latest.id);
    return fits(detail) ? detail : undefined;
  });
}

/** The subjects of the events of one type, in order. */
export function subjects(events: readonly Event[], type: Event["type"]): readonly string[] {
  return events.filter((event) => event.type === type).map((event) => event.subject);
}
