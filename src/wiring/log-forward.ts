// Reads what services write, once for all: forwards it, and lets others listen; it waits for no one.
import { join } from "node:path";
import { type Clock, every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { chatty } from "../platforms/log/chatty.ts";
import { stateOf } from "../platforms/log/read.ts";
import { factsOf } from "../platforms/log/record.ts";
import { logNames } from "../platforms/log/seen.ts";
import type { Listener } from "./log-listen.ts";
import { keepPositions } from "./log-positions.ts";
import {
  chunkBytes,
  type From,
  openSource,
  readOn,
  type Source,
  tellCut,
  type World,
} from "./log-reading.ts";
import type { ForwardSink } from "./log-sinks.ts";

export interface ForwarderOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly sinks: readonly ForwardSink[];
  /** By the name of the file, "web-1.log": undefined when it is not forwarded. */
  readonly sourceOf: (name: string) => From | undefined;
  /** By the name of the file: who hears its lines, before they are masked. */
  readonly listenerOf?: (name: string) => Listener | undefined;
  /** Between two turns; default: the clock's own sleep. */
  readonly rest?: Clock["sleep"];
}

const turnMs = 250;
/** When nothing is forwarded: who listens is in no hurry, and hears nothing twice that matters. */
const calm = { turnMs: 1_000, saveMs: 30_000 } as const;
/** All logs together; a line costs about 0.04 ms, most of it to mask secrets. */
const allRate = 5_000;

export interface Forwarder {
  /** Until the signal; a turn after it takes what was written last. */
  run(signal: AbortSignal): Promise<void>;
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { folder, clock, log, sinks, sourceOf, listenerOf, rest = clock.sleep } = options;
  const isCalm = sinks.length === 0;
  const file = join(folder, "forwarded.json");
  const positions = isCalm ? keepPositions(file, clock, calm.saveMs) : keepPositions(file, clock);
  const names = logNames(folder);
  const sources = new Map<string, Source | undefined>();
  const world: World = {
    ...{ clock, sinks },
    together: chatty(allRate, clock.now),
    buffer: Buffer.allocUnsafe(chunkBytes),
    sent: 0,
    resumedAt: 0,
    bytes: 0,
  };
  let failing = false;
  // Looked up before anything is started: what a service says first is not from before.
  const before = endsOf(folder, names());

  const openOne = (name: string): Source | undefined => {
    const from = isCalm ? undefined : sourceOf(name);
    const listener = listenerOf?.(name);
    if (!from && !listener) return undefined;
    const readers = { ...(from ? { from } : {}), ...(listener ? { listener } : {}) };
    return openSource(join(folder, name), readers, positions.of(name), before.get(name), world);
  };
  const turn = async (name: string): Promise<void> => {
    if (!sources.has(name)) sources.set(name, openOne(name));
    const source = sources.get(name);
    if (!source) return;
    const { from } = source;
    if (from) tellCut(source, from, world);
    const facts = factsOf(source.path);
    if (!facts || (facts.inode === source.inode && facts.size === source.size)) return;
    const isDone = await readOn(source, world);
    // What is left over is read in the next turn.
    source.inode = isDone ? facts.inode : 0;
    source.size = facts.size;
  };
  const all = async (isLast = false): Promise<void> => {
    try {
      for (const name of names()) await turn(name);
      positions.save(() => offsetsOf(sources), isLast);
      failing = false;
    } catch (error) {
      if (!failing) log.error("logs cannot be forwarded", { reason: messageOf(error) });
      failing = true;
    }
  };
  return {
    run: async (signal) => {
      const ms = isCalm ? calm.turnMs : turnMs;
      await every({ ...clock, sleep: rest }, ms, signal, () => all());
      await all(true);
    },
  };
}

function endsOf(folder: string, names: readonly string[]): ReadonlyMap<string, number> {
  const ends = names.map((name) => [name, stateOf(join(folder, name))?.end ?? 0] as const);
  return new Map(ends);
}

function offsetsOf(sources: ReadonlyMap<string, Source | undefined>): Record<string, number> {
  const offsets: Record<string, number> = {};
  for (const [name, source] of sources) if (source) offsets[name] = source.cutter.lineStart;
  return offsets;
}
