// Our own gateway killed twenty times under load, with a whole daemon around it: what clients see of that.
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { greetingOn } from "../../src/gateway/greeting.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { freePorts } from "../../test/process/support/project.ts";
import { atMost, ours, type Row, shown } from "../supervisor/table.ts";
import { median } from "./load.ts";
import { execute, type Stage } from "./stage.ts";

const perSecond = 500;
const kills = 20;
const everyMs = 500;
const goalMs = 100;
/** A gateway that has run for a while has left what V8 made of it for the next one. */
const settleMs = 3_000;

interface Asked {
  readonly atMs: number;
  readonly overMs: number;
  /** Absent: it was answered 200. */
  readonly fault?: string;
}

export async function ownDeath(stage: Stage): Promise<readonly Row[]> {
  const [dashboard = 0, port = 0] = await freePorts(2);
  const folder = stage.subfolder("own-death");
  const web = { command: [stage.server, "-"], port, probe: { tcp: true } };
  const config = { dashboard: { port: dashboard }, services: { web } };
  writeFileSync(join(folder, "homeostat.json"), JSON.stringify(config));
  const cli = [
    process.execPath,
    join(dirname(stage.gateway), "../cli/main.js"),
    "--folder",
    folder,
  ];
  await stage.start([...cli, "up"], dashboard);
  const socketPath = join(folder, ".homeostat/gateway.sock");
  await served(port);
  await sleep(settleMs);
  const asked: Promise<Asked>[] = [];
  const [killedAt] = await Promise.all([killing(socketPath), asking(port, asked)]);
  const all = await Promise.all(asked);
  await execute(cli[0] ?? "", [...cli.slice(1), "down"], { timeout: 30_000 });
  return figures(all, killedAt);
}

function figures(all: readonly Asked[], killedAt: readonly number[]): readonly Row[] {
  const faults = all.filter(({ fault }) => fault !== undefined);
  // What began by then may have reached the process that dies.
  const inFlight = (one: Asked): boolean =>
    killedAt.some((atMs) => one.atMs <= atMs + 1 && one.overMs >= atMs);
  const backMs = killedAt.map((atMs) => {
    const after = all.filter((one) => one.fault === undefined && one.atMs > atMs + 1);
    return Math.min(...after.map(({ overMs }) => overMs)) - atMs;
  });
  const refused = faults.filter(({ fault }) => fault === "ECONNREFUSED").length;
  const others = faults.filter((one) => !inFlight(one));
  const of = `of ${all.length}, the gateway itself killed ${killedAt.length} times`;
  return [
    atMost("kill -9 of the gateway → first answer, ms", { [ours]: median(backMs) }, goalMs),
    shown("the longest of these, ms", { [ours]: Math.max(...backMs) }),
    atMost(`refused ${of}`, { [ours]: refused }, 0),
    atMost(`failed ${of}, but for those in flight`, { [ours]: others.length }, 0),
    shown("those in flight that failed", { [ours]: faults.length - others.length }),
  ];
}

async function killing(socketPath: string): Promise<readonly number[]> {
  const killedAt: number[] = [];
  for (let i = 0; i < kills; i++) {
    await sleep(everyMs);
    const hello = await greetingOn(socketPath, systemClock);
    if (!hello) throw new Error("no gateway answers");
    killedAt.push(performance.now());
    process.kill(hello.pid, "SIGKILL");
  }
  return killedAt;
}

async function asking(port: number, asked: Promise<Asked>[]): Promise<void> {
  const startMs = performance.now();
  const total = ((kills + 1) * everyMs * perSecond) / 1_000;
  for (let i = 0; i < total; i++) {
    const waitMs = startMs + (i * 1_000) / perSecond - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    asked.push(ask(port));
  }
}

async function served(port: number): Promise<void> {
  const untilMs = performance.now() + 15_000;
  while ((await ask(port)).fault !== undefined) {
    if (performance.now() > untilMs) throw new Error("the gateway serves nothing");
    await sleep(50);
  }
}

/** On a connection of its own: each one could be refused. */
function ask(port: number): Promise<Asked> {
  const atMs = performance.now();
  return new Promise((resolve) => {
    const over = (fault?: string): void =>
      resolve({ atMs, overMs: performance.now(), ...(fault === undefined ? {} : { fault }) });
    const out = request({ host: "127.0.0.1", port, agent: false, timeout: 10_000 }, (incoming) => {
      incoming
        .on("error", (error) => over(String(error)))
        .on("end", () => {
          over(incoming.statusCode === 200 ? undefined : String(incoming.statusCode));
        });
      incoming.resume();
    });
    out.on("error", (error) => over("code" in error ? String(error.code) : String(error)));
    out.on("timeout", () => out.destroy(new Error("no answer within 10 s")));
    out.end();
  });
}
