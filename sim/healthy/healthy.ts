// A healthy shop under load, with what a healthy shop goes through: nothing of it is an illness.
import { setTimeout as sleep } from "node:timers/promises";
import { type Load, type Snapshot, startLoad } from "../../examples/shop/load.ts";
import { exited } from "../../test/process/support/project.ts";
import { createShop, type Shop } from "../../test/process/support/shop.ts";

export interface Healthy {
  readonly minutes: number;
  /** What the shop went through and how often. */
  readonly events: Readonly<Record<string, number>>;
  /** Orders of people that were not carried out. */
  readonly refused: readonly string[];
  /** What the loop did, and what it took for a sign of illness. */
  readonly actions: readonly string[];
  readonly symptoms: readonly string[];
  readonly load: Snapshot;
}

const ratePerS = 30;
const gcMs = 800;
/** The load runs for so long before and after. */
const edgeMs = 2_000;
const pauseMs = 3_000;

type Doing = readonly [name: string, work: (shop: Shop) => Promise<string | undefined>];

/** In this order, again and again until the time is over. */
const doings: readonly Doing[] = [
  ["rolling restart of web", (shop) => restart(shop, "web")],
  [`pause of ${gcMs} ms of a process`, (shop) => order(shop, "web/1", "gc", { ms: gcMs })],
  ["rolling restart of the only recommendations", (shop) => restart(shop, "recommendations")],
  ["failed probe", (shop) => order(shop, "web/2", "fail-probe", { times: 1 })],
  [`pause of ${gcMs} ms of a dependency`, (shop) => order(shop, "payments/2", "gc", { ms: gcMs })],
  ["rolling restart of the worker", (shop) => restart(shop, "worker")],
  ["failed probe of a dependency", (shop) => order(shop, "catalog/1", "fail-probe", { times: 1 })],
];

export async function healthy(options: {
  readonly minutes: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}): Promise<Healthy> {
  const { minutes, seed, say } = options;
  const shop = await createShop({ verify: { healthy: "3s", timeout: "20s" } });
  const { project } = shop;
  let load: Load | undefined;
  try {
    const daemon = await project.up();
    await project.healthy(60_000);
    load = startLoad({ baseUrl: shop.url, ratePerS, seed });
    await sleep(edgeMs);
    const events: Record<string, number> = {};
    const refused: string[] = [];
    const untilMs = performance.now() + minutes * 60_000;
    for (let n = 0; n < doings.length || performance.now() < untilMs; n++) {
      const [name, work] = doings[n % doings.length] ?? [];
      if (name === undefined || !work) break;
      const problem = await work(shop);
      say(`${name}${problem === undefined ? "" : `: ${problem}`}`);
      events[name] = (events[name] ?? 0) + 1;
      if (problem !== undefined) refused.push(`${name}: ${problem}`);
      await sleep(pauseMs);
    }
    await sleep(edgeMs);
    const figures = await load.stop();
    const { actions, symptoms } = whatTheLoopDid(shop);
    await project.cli("down");
    await exited(daemon, 30_000);
    return { minutes, events, refused, actions, symptoms, load: figures };
  } finally {
    await load?.stop();
    await project.remove();
  }
}

async function restart({ project }: Shop, service: string): Promise<string | undefined> {
  const { code, err } = await project.cli("restart", service);
  return code === 0 ? undefined : err.trim();
}

async function order(
  { project }: Shop,
  target: string,
  name: string,
  body: object,
): Promise<string | undefined> {
  const { port } = project.leader(target);
  const response = await fetch(`http://127.0.0.1:${port}/_sick/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  });
  await response.arrayBuffer();
  return response.ok ? undefined : `status ${response.status}`;
}

function whatTheLoopDid({ project }: Shop): Pick<Healthy, "actions" | "symptoms"> {
  const events = project.journal();
  return {
    actions: events.flatMap((event) =>
      event.type === "action.intended" ? [`${event.data.kind} ${event.data.target}`] : [],
    ),
    symptoms: events.flatMap((event) =>
      event.type === "symptom.raised" ? [`${event.subject}: ${event.data.why.text}`] : [],
    ),
  };
}
