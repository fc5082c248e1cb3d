// Two upstreams of which one is killed every two seconds, and one of two stopped: what of that clients see.
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../test/process/support/project.ts";
import { atMost, ours, type Row, shown } from "../supervisor/table.ts";
import { pace } from "./pace.ts";
import { startOurs } from "./peers.ts";
import type { Stage } from "./stage.ts";

const perSecond = 500;
const forMs = 20_000;

export async function kills(stage: Stage): Promise<readonly Row[]> {
  const ports = await freePorts(3);
  const [one = 0, two = 0, port = 0] = ports;
  const serve = (at: number) => stage.start([stage.server, String(at)], at);
  const servers = [await serve(one), await serve(two)];
  const proxy = await startOurs(stage, port, [one, two]);
  const killing = async (): Promise<void> => {
    for (let i = 0; i < forMs / 2_000 - 1; i++) {
      await sleep(1_000);
      const which = i % 2;
      servers[which]?.signal("SIGKILL");
      await sleep(1_000);
      servers[which] = await serve(which === 0 ? one : two);
    }
  };
  const [killed] = await Promise.all([pace(port, perSecond, forMs), killing()]);
  const [hung] = await Promise.all([
    pace(port, perSecond, 5_000),
    stopping(proxy, servers[0], one, two),
  ]);
  proxy.close();
  await Promise.all([proxy, ...servers].map((each) => each.end()));
  return [
    atMost(`failed of ${killed.sent}, one of two killed each 2 s`, { [ours]: killed.failed }, 0),
    shown("p99 ms meanwhile", { [ours]: killed.p99Ms }),
    atMost(`failed of ${hung.sent}, one of two stopped`, { [ours]: hung.failed }, 0),
    shown("p99 ms meanwhile, told of the hang after 250 ms", { [ours]: hung.p99Ms }),
  ];
}

/** The probes of the daemon are played here: they find a hang within 250 ms. */
async function stopping(
  proxy: Awaited<ReturnType<typeof startOurs>>,
  server: { signal(name: NodeJS.Signals): void } | undefined,
  one: number,
  two: number,
): Promise<void> {
  await sleep(1_000);
  server?.signal("SIGSTOP");
  await sleep(250);
  const instance = (name: string, port: number, state: "ready" | "hung") => ({
    instance: name,
    port,
    state,
  });
  const upstreams = [instance("web/1", one, "hung"), instance("web/2", two, "ready")];
  await proxy.push([], { upstreams });
  await sleep(2_000);
  server?.signal("SIGCONT");
}
