// kill -9 of a server until the first answer of the next one, all supervisors by turns.
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "../../src/model/event.ts";
import type { Bench } from "./group.ts";
import { createOurs, type Ours, restart } from "./ours.ts";
import { strike, whoAnswers } from "./scratch.ts";
import { type Blow, stageRows } from "./stages.ts";
import { atMost, medianOf, ours, type Row, shown, spread } from "./table.ts";

/** These take about a second, so that they are killed all at once. */
const slow = new Set(["supervisord", "s6", "monit"]);
/** runit starts again at once what has run for a second. */
const restMs = 1_050;

type What = "C" | "Node" | "C behind the gateway" | "Node behind the gateway" | "Node with a spare";

interface Subject {
  readonly name: string;
  readonly what: What;
  readonly port: number;
  readonly times: number[];
  readonly blows: Blow[];
}

/** In our config. */
const services = {
  C: "c",
  Node: "js",
  "C behind the gateway": "gc",
  "Node behind the gateway": "gjs",
  "Node with a spare": "sjs",
};

const steps = ["instance.exited", "action.intended", "instance.started", "instance.ready"] as const;

export async function kills(bench: Bench): Promise<readonly Row[]> {
  const rounds = bench.quick ? 2 : 21;
  const { subjects, home } = await startAll(bench);
  const [late, prompt] = [subjects.filter(isSlow), subjects.filter((it) => !isSlow(it))];
  for (let round = 0; round < rounds; round++) {
    await sleep(restMs);
    await Promise.all(late.map((one) => killOne(bench, one, 1_000)));
    for (const one of prompt) await killOne(bench, one, 100);
  }
  bench.say(`kill: ${rounds} kills of ${subjects.length} servers`);
  await home.stop();
  return rowsOf(subjects, home.journal(), rounds);
}

const isBehind = (what: What): boolean => what.includes("gateway") || what.includes("spare");
const isSlow = ({ name }: Subject): boolean => slow.has(name);

async function startAll({ scratch, peers }: Bench): Promise<{
  readonly subjects: readonly Subject[];
  readonly home: Ours;
}> {
  const { server, node, app } = scratch;
  const ports = [...(await scratch.ports(2 * peers.length + 5))];
  const subjects: Subject[] = [];
  const add = (name: string, what: What): number => {
    const port = ports.pop() ?? 0;
    subjects.push({ name, what, port, times: [], blows: [] });
    return port;
  };
  await Promise.all(
    // Apart: the end of one wakes a supervisor that would see the other's later.
    peers.flatMap((peer) => {
      const c = { name: "c", command: [server, String(add(peer.name, "C"))] };
      const js = { name: "node", command: [node, app, String(add(peer.name, "Node"))] };
      return [c, js].map((task) => peer.start(scratch, scratch.subfolder(peer.name), [task]));
    }),
  );
  const behind = { probe: { http: "/pid" }, restart };
  const home = await createOurs(scratch, "kill", {
    c: { command: [server, String(add(ours, "C"))], restart },
    js: { command: [node, app, String(add(ours, "Node"))], restart },
    gc: { ...behind, command: [server, "-"], port: add(ours, "C behind the gateway") },
    gjs: { ...behind, command: [node, app], port: add(ours, "Node behind the gateway") },
    sjs: { ...behind, command: [node, app], port: add(ours, "Node with a spare"), spares: 1 },
  });
  await home.up();
  for (const { port } of subjects) await whoAnswers(port);
  await home.healthy();
  return { subjects, home };
}

async function killOne({ scratch }: Bench, subject: Subject, pollUs: number): Promise<void> {
  const { port } = subject;
  const pid = await whoAnswers(port);
  const behind = isBehind(subject.what);
  // The gateway holds a request until someone can answer it; a server of its own refuses.
  const tryMs = behind ? 10_000 : 100;
  const blow = { signal: 9, pid, port, limitMs: 10_000, tryMs, pollUs } as const;
  subject.blows.push({ target: `${services[subject.what]}/1`, wallMs: Date.now() });
  subject.times.push((await strike(scratch, blow)).ms);
}

function rowsOf(subjects: readonly Subject[], events: readonly Event[], n: number): readonly Row[] {
  const stages = (what: What): readonly Row[] => {
    const blows = subjects.find((it) => it.name === ours && it.what === what)?.blows ?? [];
    return stageRows(events, blows, isBehind(what) ? steps : steps.slice(0, 3));
  };
  const cells = (what: What): Row["cells"] =>
    Object.fromEntries(
      subjects.filter((it) => it.what === what).map(({ name, times }) => [name, spread(times)]),
    );
  const [c, node] = [cells("C"), cells("Node")];
  const floor = medianOf(node["C loop"]);
  const ratios = (of: Row["cells"]): Row["cells"] =>
    Object.fromEntries(
      Object.entries(of).map(([name, cell]) => [name, medianOf(cell) / medianOf(of["C loop"])]),
    );
  const told = "kill -9 → first answer";
  return [
    { ...atMost(`${told}, C server (ms)`, c, 3), n },
    shown("  ÷ the bare loop", ratios(c)),
    ...stages("C"),
    { ...atMost(`${told}, Node server (ms)`, node, floor + 2, "≤ C loop + 2"), n },
    shown("  ÷ the bare loop", ratios(node)),
    ...stages("Node"),
    shown(`${told}, C server behind the gateway (ms)`, cells("C behind the gateway")),
    ...stages("C behind the gateway"),
    shown(`${told}, Node server behind the gateway (ms)`, cells("Node behind the gateway")),
    ...stages("Node behind the gateway"),
    { ...atMost(`${told}, Node server with a warm spare (ms)`, cells("Node with a spare"), 5), n },
  ];
}
