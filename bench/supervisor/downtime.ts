// What clients notice of a death: with a held socket, and behind the gateway with a warm spare.
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./group.ts";
import { type Sent, startLoad } from "./load.ts";
import { createOurs, type Ours, restart } from "./ours.ts";
import { kill } from "./processes.ts";
import { whoAnswers } from "./scratch.ts";
import { atMost, type Cell, ours, type Row, shown } from "./table.ts";

const ratePerS = 500;
const kills = { held: 5, spare: 8, stops: 8 };
const probe = { http: "/pid", interval: "50ms", timeout: "100ms", failures: 2 } as const;

interface Ports {
  readonly held: number;
  readonly heldC: number;
  readonly plain: number;
  readonly spare: number;
}

export async function downtime(bench: Bench): Promise<readonly Row[]> {
  const { home, ports } = await startAll(bench);
  const count = (full: number): number => (bench.quick ? 2 : full);
  const newcomers = (port: number): Promise<Sent> =>
    strikes(home, port, "SIGKILL", count(kills.held), true);
  const held = await newcomers(ports.held);
  const heldC = await newcomers(ports.heldC);
  const plain = await newcomers(ports.plain);
  const killed = await strikes(home, ports.spare, "SIGKILL", count(kills.spare), false);
  const stopped = await strikes(home, ports.spare, "SIGSTOP", count(kills.stops), false);
  for (const [name, { sent, failed, reasons }] of Object.entries({
    ...{ held, "held, C": heldC, plain, killed, stopped },
  })) {
    bench.say(`downtime: ${name} ${sent} sent, ${failed} failed ${JSON.stringify(reasons)}`);
  }
  await home.stop();
  const cell = (value: Cell): Row["cells"] => ({ [ours]: value });
  const one = "single instance, held socket";
  const under = `during ${count(kills.held)} kills at ${ratePerS} new connections/s`;
  const spared = `one instance and a spare, ${count(kills.spare)} kills, GETs at ${ratePerS}/s`;
  const hung = `SIGSTOP with a spare, ${count(kills.stops)} times, GETs at ${ratePerS}/s`;
  return [
    atMost(`${one}: refused ${under}`, cell(refusedOf(held)), 0),
    atMost(`${one}: worst wait (ms)`, cell(held.worstMs), 100),
    shown(`${one}: cut off while they were answered`, cell(held.failed - refusedOf(held))),
    shown(`${one}, C server: refused`, cell(refusedOf(heldC))),
    shown(`${one}, C server: worst wait (ms)`, cell(heldC.worstMs)),
    shown(`single instance, its own socket: refused ${under}`, cell(refusedOf(plain))),
    atMost(`${spared}: failed`, cell(killed.failed), 0),
    shown(`${spared}: worst latency (ms)`, cell(killed.worstMs)),
    atMost(`${hung}: failed`, cell(stopped.failed), 0),
    atMost(`${hung}: worst latency (ms)`, cell(stopped.worstMs), 350),
  ];
}

async function startAll({ scratch }: Bench): Promise<{ home: Ours; ports: Ports }> {
  const { node, app, server } = scratch;
  const [held = 0, heldC = 0, plain = 0, spare = 0] = await scratch.ports(4);
  const home = await createOurs(scratch, "downtime", {
    held: { command: [node, app], sockets: [{ port: held }], restart },
    "held-c": { command: [server, "-"], sockets: [{ port: heldC }], restart },
    plain: { command: [node, app, String(plain)], restart },
    spare: { command: [node, app], port: spare, spares: 1, probe, restart },
  });
  await home.up();
  const ports = { held, heldC, plain, spare };
  for (const port of Object.values(ports)) await whoAnswers(port);
  await home.healthy();
  return { home, ports };
}

/** Hits whoever serves, again and again, each time when all is well; under load all the time. */
async function strikes(
  home: Ours,
  port: number,
  signal: "SIGKILL" | "SIGSTOP",
  count: number,
  fresh: boolean,
): Promise<Sent> {
  const load = startLoad(port, "/pid", ratePerS, fresh);
  await sleep(1_000);
  for (let n = 0; n < count; n++) {
    kill(await whoAnswers(port), signal);
    await sleep(1_200);
    await home.healthy();
  }
  return load.stop();
}

function refusedOf({ reasons }: Sent): number {
  return Object.entries(reasons).reduce(
    (sum, [why, times]) => sum + (why.includes("ECONNREFUSED") ? times : 0),
    0,
  );
}
