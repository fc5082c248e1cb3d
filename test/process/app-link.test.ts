// Apps and the daemon beside them: who is linked, what is seen of them, what they can be told.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readBootId, readStat } from "../../src/platforms/procfs.ts";
import type { AppsView, AppView, OrderView, SeriesView } from "../../src/protocol/api.ts";
import { encodeLink } from "../../src/protocol/link-wire.ts";
import type { ServiceConfig } from "../../src/wiring/config.ts";
import { belongs, descends } from "../../src/wiring/family.ts";
import { healthy, hello } from "../support/link.ts";
import { type Project, until } from "./support/project.ts";
import { incident, project, service, tell } from "./support/trial.ts";

const side = { concurrency: 3, timeout: 90_000 };

const linked = (over: Partial<ServiceConfig> = {}): ServiceConfig =>
  service({
    command: [
      ...[process.execPath, "--conditions=source"],
      fileURLToPath(new URL("./support/linked-app.ts", import.meta.url)),
    ],
    ...over,
  });

async function get<T>(here: Project, path: string): Promise<T> {
  return (await (await fetch(here.url + path)).json()) as T;
}

/** The app of an instance once it fits; at first once it has reported. */
function app(
  here: Project,
  target: string,
  fits: (app: AppView) => boolean = ({ report }) => report !== undefined,
): Promise<AppView> {
  return until(`the app of ${target}`, 15_000, async () => {
    const { apps } = await get<AppsView>(here, "/api/apps");
    const found = apps.find((it) => it.target === target);
    return found && fits(found) ? found : undefined;
  });
}

/** Sends these bytes to the link and tells all that came back, once the other side has closed. */
function say(t: TestContext, here: Project, text: string): Promise<string> {
  const socket = connect(join(here.state, "link.sock"));
  t.after(() => socket.destroy());
  return new Promise((resolve) => {
    let told = "";
    socket.on("data", (chunk) => {
      told += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(told));
    socket.write(text);
  });
}

test("a process belongs to its leader by its group or by its parents", (t) => {
  const own = readStat(process.pid);
  const leader = { pid: process.pid, startTicks: own?.startTicks ?? 0, bootId: readBootId() };
  const child = spawn("sleep", ["30"], { detached: true, stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  const { pid = 0 } = child;
  assert.notEqual(readStat(pid)?.group, own?.group, "it leads a group of its own");
  assert.deepEqual(
    [belongs(pid, leader), belongs(process.pid, leader), belongs(process.ppid, leader)],
    [true, true, false],
  );
  assert.equal(belongs(pid, { ...leader, startTicks: 1 }), false, "another had this pid before");
  assert.deepEqual([descends(pid, process.pid), descends(process.pid, pid)], [true, false]);
});

describe("the link between apps and their daemon", side, () => {
  test("what an app says of itself is seen, in readings, status and apps", async (t) => {
    const here = await project(t, () => ({ services: { web: linked({ replicas: 2 }) } }));
    await here.up();
    await here.healthy();
    const { pid, orders, supervised } = await app(here, "web/1");
    assert.deepEqual(
      [pid, orders, supervised],
      [here.leader("web/1").pid, ["drain", "feature", "capture"], true],
    );
    const heap = await until("a reading of the app", 10_000, async () => {
      const path = "/api/series?target=web%2F1&metric=app.heap_used&seconds=60";
      const { values } = await get<SeriesView>(here, path);
      return values[0];
    });
    assert.equal(heap, 40_000_000);
    await tell(here, "web/1", "/sick");
    const note = await until("its note", 10_000, async () => {
      const view = await here.view();
      return view.services[0]?.instances[0]?.note;
    });
    assert.equal(note, "its app says it is unhealthy: database: password=*** was refused");
    const table = await here.cli("apps");
    assert.match(table.out, /^instance +status +checks +features off +breakers open +lost +link\n/);
    assert.match(
      table.out,
      /web\/1 +unhealthy +1 of 2 well +search +prices +mailer#1 +[\d.]+ m?s .*password=\*\*\*/,
    );
    assert.match(table.out, /web\/2 +healthy +- +- +- +- +[\d.]+ m?s\n/);
    assert.ok(!table.out.includes("hunter2"));
    assert.equal((statSync(join(here.state, "link.sock")).mode & 0o777).toString(8), "600");
  });

  test("an order goes there and back, and is in the journal", async (t) => {
    const here = await project(t, () => ({ services: { web: linked(), plain: service() } }));
    await here.up();
    await here.healthy();
    await app(here, "web/1");
    const done = await here.cli("order", "web/1", "drain");
    assert.deepEqual([done.code, done.out], [0, "web/1: takes no more requests\n"], done.err);
    const back = await here.cli("order", "web/1", "undrain", "--json");
    assert.deepEqual(JSON.parse(back.out), { target: "web/1", done: "takes requests again" });
    const capture = await here.cli("order", "web/1", "capture", "report", "--json");
    const { file } = JSON.parse(capture.out) as OrderView;
    assert.equal(file?.path, join(here.state, "captures", "report.json"));
    assert.ok(existsSync(file.path));
    const refused = await here.cli("order", "web/1", "feature", "serach", "off");
    assert.deepEqual([refused.code, refused.out], [75, ""]);
    assert.match(refused.err, /^web\/1: there is no feature serach; there is search/);
    const others: readonly (readonly [string, unknown, number, RegExp])[] = [
      ["web%2F1", { kind: "do", name: "flush" }, 409, /it takes drain, feature, capture/],
      ["plain%2F1", { kind: "drain", on: true }, 503, /plain\/1 has no link/],
      ["nobody%2F1", { kind: "drain", on: true }, 404, /no app nobody\/1; linked: web\/1/],
      ["web%2F1", { kind: "explode" }, 400, /order\.kind: expected drain, /],
      ["web%2F1", undefined, 400, /order: expected an object/],
    ];
    for (const [target, order, status, text] of others) {
      const answer = await here.post(`/api/apps/${target}/orders`, { order });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(JSON.stringify(answer.body), text);
    }
    const url = `${here.url}/api/apps/web%2F1/orders`;
    const body = JSON.stringify({ order: { kind: "drain", on: true } });
    assert.equal((await fetch(url, { method: "POST", body })).status, 403);
    const ordered = here.journal().filter(({ type }) => type === "operator.ordered");
    assert.deepEqual(
      ordered.map(({ subject, data }) => [subject, data]),
      ["drain on", "drain off", "capture report", "feature serach off"].map((order) => [
        "web/1",
        { order, by: "cli" },
      ]),
    );
    const replayed = await here.cli("replay");
    assert.equal(replayed.code, 0, replayed.err);
  });

  test("apps come back to a daemon that was killed, and a killed app gives way", async (t) => {
    const here = await project(t, () => ({ services: { web: linked() } }));
    const daemon = await here.up();
    await here.healthy();
    const { pid } = await app(here, "web/1");
    daemon.kill("SIGKILL");
    await here.up();
    assert.equal((await app(here, "web/1")).pid, pid, "the same process, linked anew");
    assert.equal((await here.cli("order", "web/1", "drain")).code, 0);
    process.kill(pid, "SIGKILL");
    const next = await app(here, "web/1", (it) => it.pid !== pid && it.report !== undefined);
    assert.equal(next.link, "up");
    await here.healthy();
    assert.equal((await here.cli("restart", "web")).code, 0);
    const log = readFileSync(join(here.state, "logs", "web-1.log"), "utf8");
    assert.match(log, /drain true by cli[\s\S]*drain true by homeostat\nTERM\n/);
  });

  test("strangers, misfits and floods are turned away and harm nobody", async (t) => {
    const here = await project(t, () => ({ services: { web: linked() } }));
    await here.up();
    await here.healthy();
    const { pid } = await app(here, "web/1");
    const own = { pid: process.pid };
    const flood = Buffer.alloc(3_000_000, "x").toString();
    const refusals: readonly (readonly [string, RegExp])[] = [
      [encodeLink(hello(own)), /process \d+ does not belong to web\/1, which is process \d+/],
      [encodeLink(hello({ pid, protocol: 9 })), /speaks version 9 of the link/],
      [encodeLink(hello({ ...own, instance: "api/1" })), /asks for no api\/1/],
      ["GET / HTTP/1.1\r\n\r\n", /expected a line of JSON/],
      [encodeLink({ kind: "report", report: healthy }), /it did not greet first/],
      [flood, /a line is too long/],
    ];
    const told = await Promise.all(refusals.map(([text]) => say(t, here, text)));
    for (const [i, [, why]] of refusals.entries()) {
      assert.match(told[i] ?? "", /^\{"kind":"refused","why":"[^\n]*"\}\n$/);
      assert.match(told[i] ?? "", why);
    }
    const { instance: _, ...unnamed } = hello({ ...own, app: "night run" });
    const socket = connect(join(here.state, "link.sock"));
    t.after(() => socket.destroy());
    socket.write(encodeLink(unnamed));
    const { supervised } = await app(here, `night-run@${process.pid}`, () => true);
    assert.equal(supervised, false);
    // More than the daemon takes: those that say nothing give way, oldest first.
    let closed = 0;
    const crowd = Array.from({ length: 100 }, () => connect(join(here.state, "link.sock")));
    for (const one of crowd) one.on("error", () => {}).on("close", () => closed++);
    t.after(() => crowd.map((one) => one.destroy()));
    await until("some give way", 4_000, async () => (closed >= 38 ? true : undefined));
    assert.equal((await app(here, "web/1")).pid, pid);
    process.kill(pid, "SIGKILL");
    await app(here, "web/1", (it) => it.pid !== pid);
    assert.equal((await here.cli("status")).code, 0);
  });

  test("what an app last said is evidence when it hangs", async (t) => {
    const here = await project(t, () => ({ services: { web: linked() } }));
    await here.up();
    await here.healthy();
    await tell(here, "web/1", "/sick");
    await app(here, "web/1", ({ report }) => report?.status === "unhealthy");
    await tell(here, "web/1", "/block");
    const { timeline } = await incident(
      here,
      "web",
      ({ incident }) => incident.diagnosis !== undefined,
    );
    const said = timeline.find(({ text }) => text.startsWith("its app says"));
    assert.match(
      said?.text ?? "",
      /^its app says it is unhealthy: database: password=\*\*\* was refused/,
    );
    assert.match(
      said?.lines?.join("\n") ?? "",
      /check database unhealthy: refused[\s\S]*prices open/,
    );
  });
});
