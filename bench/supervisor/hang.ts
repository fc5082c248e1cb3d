// A server that stands still, or spins in its event loop, until another one answers.
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./group.ts";
import { createOurs, type Ours, restart } from "./ours.ts";
import { kill } from "./processes.ts";
import { strike, whoAnswers } from "./scratch.ts";
import { type Blow, stageRows } from "./stages.ts";
import { atLeast, atMost, type Cell, ours, type Row, shown, spread } from "./table.ts";

const kinds = ["SIGSTOP, C server", "SIGSTOP, Node server", "blocked event loop"] as const;
type Kind = (typeof kinds)[number];

interface Subject {
  readonly name: string;
  readonly kind: Kind;
  readonly port: number;
  pid: number;
  readonly times: number[];
  readonly blows: Blow[];
  /** Restarts between two blows: a healthy server was taken for a hung one. */
  unasked: number;
}

const services: Readonly<Record<Kind, string>> = {
  "SIGSTOP, C server": "c",
  "SIGSTOP, Node server": "stopped",
  "blocked event loop": "blocked",
};

const steps = [
  "symptom.raised",
  "evidence.captured",
  "action.intended",
  "instance.exited",
  "instance.started",
  "instance.ready",
] as const;

/** The function of server.mjs that blocks its loop. */
const blocking = "spinForEver";
const probes = new Set(["monit"]);
const limit = { ms: 20_000, quickMs: 4_000 };
/** Until the last recovery is over for whoever healed it. */
const restMs = 600;

export async function hangs(bench: Bench): Promise<readonly Row[]> {
  const { subjects, home } = await startAll(bench);
  const rounds = bench.quick ? 1 : 20;
  const mine = subjects.filter(({ name }) => name === ours);
  const others = subjects.filter(({ name }) => probes.has(name));
  const blind = subjects.filter(({ name }) => name !== ours && !probes.has(name));
  const never = Promise.all(blind.map((one) => hangOne(bench, one)));
  const untilMs = performance.now() + (bench.quick ? 8_000 : 45_000);
  const beside = Promise.all(
    others.map(async (one) => {
      for (let round = 0; round < rounds && performance.now() < untilMs; round++) {
        await hangOne(bench, one);
        await sleep(restMs);
      }
    }),
  );
  for (let round = 0; round < rounds; round++) {
    for (const one of mine) await hangOne(bench, one);
    await sleep(restMs);
  }
  await Promise.all([beside, never]);
  for (const { pid } of subjects) kill(pid, "SIGCONT");
  bench.say(`hang: ${subjects.map(({ name, times }) => `${name} ${times.length}`).join(", ")}`);
  await home.stop();
  return rowsOf(subjects, home);
}

async function startAll({ scratch, peers }: Bench): Promise<{
  readonly subjects: readonly Subject[];
  readonly home: Ours;
}> {
  const { server, node, app } = scratch;
  const ports = [...(await scratch.ports(3 * peers.length + 3))];
  const subjects: Subject[] = [];
  const add = (name: string, kind: Kind): number => {
    const port = ports.pop() ?? 0;
    subjects.push({ name, kind, port, pid: 0, times: [], blows: [], unasked: 0 });
    return port;
  };
  await Promise.all(
    // Apart: monit asks one after the other, and would be late for the next.
    peers.flatMap((peer) =>
      kinds.map((kind) => {
        const probe = add(peer.name, kind);
        const command = kind === "SIGSTOP, C server" ? [server] : [node, app];
        const task = { name: "it", command: [...command, String(probe)], probe };
        return peer.start(scratch, scratch.subfolder(peer.name), [task]);
      }),
    ),
  );
  const probe = { http: "/pid", interval: "50ms", timeout: "100ms", failures: 2 } as const;
  const home = await createOurs(scratch, "hang", {
    c: { command: [server, "-"], port: add(ours, "SIGSTOP, C server"), probe, restart },
    stopped: { command: [node, app], port: add(ours, "SIGSTOP, Node server"), probe, restart },
    blocked: { command: [node, app], port: add(ours, "blocked event loop"), probe, restart },
  });
  await home.up();
  for (const subject of subjects) subject.pid = await whoAnswers(subject.port);
  await home.healthy();
  return { subjects, home };
}

async function hangOne({ scratch, quick }: Bench, subject: Subject): Promise<void> {
  const limitMs = quick ? limit.quickMs : limit.ms;
  const { port, kind, name } = subject;
  const pid = await whoAnswers(port);
  if (pid !== subject.pid) subject.unasked++;
  const blocks = kind === "blocked event loop";
  if (blocks) await block(port);
  // The gateway keeps a request until the next instance can answer it.
  const tryMs = name === ours ? limitMs : 50;
  const pollUs = name === ours ? 100 : 10_000;
  const signal = blocks ? 0 : 19;
  subject.blows.push({ target: `${services[kind]}/1`, wallMs: Date.now() });
  const struck = await strike(scratch, { signal, pid, port, limitMs, tryMs, pollUs });
  subject.times.push(struck.ms);
  subject.pid = struck.pid;
}

/** The order is answered, and then the loop blocks. */
function block(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get({ port, path: "/block", host: "127.0.0.1", agent: false }, (response) => {
      response.resume().once("end", resolve);
    });
    asked.once("error", reject);
  });
}

function unasked(subjects: readonly Subject[], of: string): number {
  return subjects.reduce((sum, it) => sum + (it.name === of ? it.unasked : 0), 0);
}

function rowsOf(subjects: readonly Subject[], home: Ours): readonly Row[] {
  const cell = (times: readonly number[]): Cell =>
    times.every((ms) => ms === Number.POSITIVE_INFINITY) ? "never" : spread(times);
  const events = home.journal();
  const rows = kinds.flatMap((kind) => {
    const of = subjects.filter((it) => it.kind === kind);
    const cells = Object.fromEntries(of.map(({ name, times }) => [name, cell(times)]));
    const blows = of.find(({ name }) => name === ours)?.blows ?? [];
    return [
      { ...atMost(`${kind} → healthy, shortest setting (ms)`, cells, 350), n: blows.length },
      ...stageRows(events, blows, steps),
    ];
  });
  const blocks = subjects.find((it) => it.name === ours && it.kind === "blocked event loop");
  const named = events
    .filter((event) => event.type === "evidence.captured")
    .filter(({ subject, data }) => subject === "blocked/1" && data.summary.includes(blocking));
  const share = named.length / (blocks?.times.length ?? 0);
  return [
    ...rows,
    atLeast("blocked function named in the evidence (share of hangs)", { [ours]: share }, 1),
    shown("restarts of healthy servers at this setting", {
      ...Object.fromEntries(subjects.map(({ name }) => [name, unasked(subjects, name)])),
    }),
  ];
}
