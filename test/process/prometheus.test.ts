// GET /metrics as the real Prometheus takes it: linted, scraped, its rules and the dashboard's queries.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePorts, type Project, until } from "./support/project.ts";
import { healing, incident, project, service } from "./support/trial.ts";

const docs = (path: string): string =>
  fileURLToPath(new URL(`../../docs/${path}`, import.meta.url));
const rules = docs("prometheus/homeostat.rules.yml");
const missing = "prometheus is missing: apt-get install prometheus";

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly query: string | { query: string } }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readFileSync(docs("grafana/homeostat.json"), "utf8")) as Dashboard;

/** What Grafana would ask: its variables filled in. */
function queries(): readonly string[] {
  const { panels, annotations } = dashboard;
  const all = [...panels.flatMap(({ targets = [] }) => targets), ...annotations.list];
  return all.map(({ expr }) =>
    expr
      .replaceAll("$job", "homeostat")
      .replaceAll("$service", ".*")
      .replaceAll("$__rate_interval", "5s"),
  );
}

async function scrape(here: Project, accept = "*/*"): Promise<readonly [string, string]> {
  const headers = { accept };
  const signal = AbortSignal.timeout(10_000);
  const got = await fetch(`${here.url}/metrics`, { headers, signal });
  assert.equal(got.status, 200);
  return [await got.text(), got.headers.get("content-type") ?? ""];
}

/** One service behind the gateway, that has been healed once. */
async function healed(t: TestContext): Promise<{
  readonly here: Project;
  readonly port: number;
  readonly daemon: ChildProcess;
}> {
  let port = 0;
  const here = await project(t, (_, free) => {
    port = free();
    return { healing, services: { web: service({ port, replicas: 2 }) } };
  });
  const daemon = await here.up();
  await here.healthy();
  for (let i = 0; i < 20; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  process.kill(here.leader("web/1").pid, "SIGKILL");
  await incident(here, "web", ({ state }) => state === "resolved");
  return { here, port, daemon };
}

interface Prometheus {
  query(
    expr: string,
  ): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]>;
  get<T>(path: string): Promise<T>;
}

/** The real program, on a free port, with our rules; it asks each second. */
async function prometheus(t: TestContext, here: Project): Promise<Prometheus> {
  const [port = 0] = await freePorts(1);
  const folder = join(here.folder, "prometheus");
  mkdirSync(folder);
  const target = new URL(here.url).host;
  const config = {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
    rule_files: [rules],
    scrape_configs: [{ job_name: "homeostat", static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  const args = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child: ChildProcess = spawn("prometheus", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const failed = once(child, "error").then(([error]) => assert.fail(`${missing}: ${error}`));
  failed.catch(() => {});
  t.after(async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const get = async <T>(path: string): Promise<T> => {
    const signal = AbortSignal.timeout(5_000);
    const got = await fetch(`http://127.0.0.1:${port}${path}`, { signal });
    const body = (await got.json()) as { readonly status: string; readonly data: T };
    assert.equal(body.status, "success", `${path}: ${JSON.stringify(body)}`);
    return body.data;
  };
  const query: Prometheus["query"] = async (expr) => {
    const path = `/api/v1/query?query=${encodeURIComponent(expr)}`;
    return (await get<{ readonly result: Awaited<ReturnType<typeof query>> }>(path)).result;
  };
  const ready = until("prometheus has scraped", 30_000, async () => {
    assert.equal(child.exitCode, null, said);
    const found = await query('up{job="homeostat"}').catch(() => []);
    return found[0]?.value[1] === "1" ? true : undefined;
  });
  await Promise.race([ready, failed]);
  return { query, get };
}

/** The names of metrics in a query, without functions, labels and words of the language. */
function namesIn(expr: string): readonly string[] {
  return [...expr.matchAll(/\bhomeostat_[a-z0-9_]+/g)].map(([name]) => name);
}

describe("prometheus", { timeout: 90_000 }, () => {
  test("the rules and the dashboard are sound by themselves", () => {
    const ran = spawnSync("promtool", ["check", "rules", rules], { encoding: "utf8" });
    assert.equal(ran.status, 0, `${missing}\n${ran.stdout}${ran.stderr}`);
    const titles = dashboard.panels.map(({ title }) => title);
    for (const row of ["Loop", "Services", "Gateway"]) assert.ok(titles.includes(row));
    const ids = new Set(dashboard.panels.map((panel) => (panel as unknown as { id: number }).id));
    assert.equal(ids.size, dashboard.panels.length);
  });

  test("a real scrape is linted, read and asked by rules and dashboard", async (t) => {
    const { here, port, daemon } = await healed(t);
    const [text, type] = await scrape(here);
    assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
    const lint = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    assert.equal(lint.status, 0, `${missing}\n${lint.stdout}${lint.stderr}`);
    const [open, openType] = await scrape(here, "application/openmetrics-text;version=1.0.0");
    assert.equal(openType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert.ok(open.endsWith("# EOF\n"));

    const asked = await prometheus(t, here);
    const value = async (expr: string): Promise<number> =>
      Number((await asked.query(expr))[0]?.value[1]);
    assert.equal(await value("sum(homeostat_instance_healthy)"), 2);
    assert.equal(await value('homeostat_instance_restarts_total{service="web",replica="1"}'), 1);
    assert.equal(
      await value('homeostat_instance_exits_total{service="web",replica="1",expected="false"}'),
      1,
    );
    assert.equal(await value('homeostat_actions_total{kind="start",result="verified"}'), 1);
    assert.equal(await value('homeostat_incidents_ended_total{result="resolved"}'), 1);
    assert.equal(await value("homeostat_healing_seconds_count"), 1);
    const seconds = await value("homeostat_healing_seconds_sum");
    assert.ok(seconds > 0.1 && seconds < 30, `${seconds}`);
    assert.equal(await value('homeostat_gateway_requests_total{service="web"}'), 20);
    assert.ok((await value("sum(homeostat_gateway_latency_seconds_count)")) >= 20);
    assert.ok((await value("homeostat_journal_bytes")) > 10_000);

    const known = new Set(await asked.get<readonly string[]>("/api/v1/label/__name__/values"));
    const ruled = readFileSync(rules, "utf8");
    const used = [...queries(), ruled, JSON.stringify(dashboard.templating)].flatMap(namesIn);
    const optional = /^homeostat_instance_event_loop_delay_seconds$/;
    const gone = used.filter((name) => !known.has(name) && !optional.test(name));
    assert.deepEqual(gone, [], "every name in rules and dashboard is scraped");
    for (const expr of queries()) await asked.query(expr);

    type Rules = { groups: { rules: { name: string; health: string; state: string }[] }[] };
    const alerts = async (): Promise<readonly string[] | undefined> => {
      const { groups } = await asked.get<Rules>("/api/v1/rules");
      const all = groups.flatMap((group) => group.rules);
      assert.ok(all.length >= 5);
      if (!all.every(({ health }) => health === "ok")) return undefined;
      return all.filter(({ state }) => state !== "inactive").map(({ name }) => name);
    };
    await until("the rules are evaluated and no alert is on", 20_000, async () =>
      (await alerts())?.length === 0 ? true : undefined,
    );
    // The services run on; that nobody looks after them is the alert.
    daemon.kill("SIGKILL");
    await until("the daemon is missed", 20_000, async () =>
      (await alerts())?.includes("HomeostatDaemonGone") ? true : undefined,
    );
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  });
});
