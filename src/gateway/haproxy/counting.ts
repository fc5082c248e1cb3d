// Counters of HAProxy as those of a gateway: summed over its workers, and over those that have ended.
import { type GatewayStats, type InstanceStats, latencyBucketsMs } from "../../protocol/gateway.ts";
import { backOf, instanceOf, serviceOfFront } from "./names.ts";
import { countsOf, type Row, rowsOf } from "./tables.ts";

export interface Counting {
  /** `answers`: of `counters` for each worker that lives, by its pid. */
  stats(answers: ReadonlyMap<number, string>, version: number): GatewayStats;
}

/** What is asked of each worker. */
export const counters = ["show stat", "show table t-answers", "show table t-routes"] as const;

/** "web/1 requests", "web/1 took 18", "web held": each only grows while its worker lives. */
type Counts = Map<string, number>;

/** How things stand now: they end with their worker. */
interface Worker {
  readonly counts: Counts;
  readonly levels: Counts;
}

export function createCounting(): Counting {
  /** What workers that have ended had counted when they were last asked. */
  const past: Counts = new Map();
  const workers = new Map<number, Worker>();
  return {
    stats(answers, version) {
      for (const [pid, text] of answers) workers.set(pid, workerOf(text, workers.get(pid)));
      for (const [pid, { counts }] of workers) {
        if (answers.has(pid)) continue;
        addAll(past, counts);
        workers.delete(pid);
      }
      const sums: Counts = new Map(past);
      for (const { counts, levels } of workers.values()) {
        addAll(sums, counts);
        addAll(sums, levels);
      }
      return statsOf(sums, version);
    },
  };
}

const classes = [1, 2, 3, 4, 5] as const;

function addAll(to: Counts, more: Counts): void {
  for (const [name, count] of more) add(to, name, count);
}

function add(to: Counts, name: string, count: number): void {
  to.set(name, (to.get(name) ?? 0) + count);
}

function workerOf(text: string, before: Worker | undefined): Worker {
  const worker: Worker = { counts: new Map(), levels: new Map() };
  for (const row of rowsOf(text)) readRow(row, worker);
  for (const [key, count] of countsOf(text)) {
    const [name = "", what = ""] = key.split(" ");
    const instance = instanceOf(name);
    if (!name.includes(":")) add(worker.counts, key, count);
    else if (instance !== undefined) add(worker.counts, `${instance} took ${what}`, count);
  }
  // A worker that finishes what it has shows its tables no more.
  for (const [name, count] of before?.counts ?? []) {
    worker.counts.set(name, Math.max(count, worker.counts.get(name) ?? 0));
  }
  return worker;
}

function readRow(row: Row, { counts, levels }: Worker): void {
  const { pxname = "", svname = "" } = row;
  const of = (name: string): number => Number(row[name] || 0);
  const service = serviceOfFront(pxname);
  if (svname === "FRONTEND" && service !== undefined) {
    add(counts, `${service} requests`, of("req_tot"));
    add(counts, `${service} errors`, of("hrsp_5xx"));
    add(levels, `${service} clients`, of("scur"));
    return;
  }
  if (!pxname.startsWith(backOf("")) || svname === "FRONTEND") return;
  if (svname === "BACKEND") {
    const name = pxname.slice(backOf("").length);
    add(counts, `${name} retries`, of("wretr") + of("wredis"));
    return;
  }
  const instance = instanceOf(svname);
  if (instance === undefined) return;
  add(counts, `${instance} requests`, of("stot"));
  add(counts, `${instance} broken`, of("econ") + of("eresp"));
  for (const place of classes) add(counts, `${instance} status ${place}`, of(`hrsp_${place}xx`));
  add(levels, `${instance} inflight`, of("scur"));
  const open = of("used_conn_cur") + of("idle_conn_cur") + of("safe_conn_cur");
  add(levels, `${instance} connections`, open);
}

function statsOf(sums: Counts, version: number): GatewayStats {
  const names = [...sums.keys()].flatMap((key) =>
    key.endsWith(" requests") ? [key.slice(0, -" requests".length)] : [],
  );
  const isInstance = (name: string): boolean => name.includes("/");
  const instances = names.filter(isInstance).map((name) => instanceStats(name, sums));
  const services = names.filter((name) => !isInstance(name));
  const routes = services.map((service) => {
    const of = (what: string): number => sums.get(`${service} ${what}`) ?? 0;
    const own = instances.filter(({ instance }) => instance.startsWith(`${service}/`));
    const answered = own.reduce((sum, { failures }) => sum + failures, 0);
    return {
      service,
      requests: of("requests"),
      retries: of("retries"),
      held: of("held"),
      // HAProxy does not tell a 502 of its own from a 503: all that no instance answered is here.
      unserved: Math.max(0, of("errors") - answered - of("degraded")),
      lostUnsafe: 0,
      degraded: of("degraded"),
      clients: of("clients"),
      ...{ overBudget: 0, spilled: 0, interrupted: {} },
    };
  });
  return { version, routes, instances };
}

function instanceStats(instance: string, sums: Counts): InstanceStats {
  const of = (what: string): number => sums.get(`${instance} ${what}`) ?? 0;
  const buckets = Array.from({ length: latencyBucketsMs.length + 1 }, (_, bucket) => bucket);
  return {
    instance,
    requests: of("requests"),
    failures: of("status 5"),
    broken: of("broken"),
    inflight: of("inflight"),
    connections: of("connections"),
    ejections: 0,
    statuses: classes.map((place) => of(`status ${place}`)),
    latency: buckets.map((bucket) => of(`took ${bucket}`)),
  };
}
