// Forwards what services write: follows each log from where it was left, and never waits for anyone.
import { join } from "node:path";
import { type Clock, every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { plain, redact } from "../kernel/redact.ts";
import { type Chatty, chatty, cutText } from "../platforms/log/chatty.ts";
import { cutLines, type LineCutter, type LogLine } from "../platforms/log/lines.ts";
import { readAt, stateOf } from "../platforms/log/read.ts";
import { factsOf } from "../platforms/log/record.ts";
import { logNames } from "../platforms/log/seen.ts";
import { readMarks, timeAt } from "../platforms/log/times.ts";
import { factsOfLine } from "../protocol/log-line.ts";
import { keepPositions, type Position } from "./log-positions.ts";
import type { ForwardLine, ForwardSink } from "./log-sinks.ts";

export interface ForwarderOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly sinks: readonly ForwardSink[];
  /** By the name of the file, "web-1.log": undefined when it is not forwarded. */
  readonly sourceOf: (
    name: string,
  ) => { readonly service: string; readonly instance: string; readonly rate: number } | undefined;
}

const turnMs = 250;
/** All logs together; a line costs about 0.04 ms, most of it to mask secrets. */
const allRate = 5_000;
/** After so much the loop of the daemon has its turn. */
const breath = { lines: 100, bytes: 1_024 * 1_024, ms: 1 } as const;
/** Read at once, of one log in one turn, and of one while what was missed is caught up with. */
const chunkBytes = 32 * 1_024;
const turnBytes = 4 * 1_024 * 1_024;
const catchUpBytes = 64 * 1_024;
/** Cut because all together said too much. */
const allText = (lines: number): string => `… ${lines} lines cut: all logs together said too much`;

interface Source {
  readonly path: string;
  readonly cutter: LineCutter;
  readonly limit: Chatty;
  /** What was written before this daemon came is sent in peace: it is not chatty. */
  readonly liveFrom: number;
  inode: number;
  size: number;
  /** Lines of it that were cut because all logs together said too much, and not told yet. */
  crowded: number;
  /** Bytes that were rotated away before they were read, and not told yet. */
  skipped: number;
}

export interface Forwarder {
  /** Until the signal; a turn after it takes what was written last. */
  run(signal: AbortSignal): Promise<void>;
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { folder, clock, log, sinks, sourceOf } = options;
  const positions = keepPositions(join(folder, "forwarded.json"), clock);
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

  const turn = async (name: string): Promise<void> => {
    const from = sourceOf(name);
    if (from && !sources.has(name)) {
      const path = join(folder, name);
      sources.set(name, openSource(path, from, positions.of(name), before.get(name), world));
    }
    const source = sources.get(name);
    if (!source || !from) return;
    for (const text of cutTexts(source, from.rate)) {
      const line = { at: clock.wall(), level: "warn" as const, text };
      for (const sink of sinks) sink.send({ ...from, ...line });
    }
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
      await every(clock, turnMs, signal, () => all());
      await all(true);
    },
  };
}

interface World {
  readonly clock: Clock;
  readonly sinks: readonly ForwardSink[];
  /** The lines of all logs. */
  readonly together: Chatty;
  readonly buffer: Buffer;
  sent: number;
  /** `sent` when the loop of the daemon last had its turn, and the bytes read since. */
  resumedAt: number;
  bytes: number;
}

function endsOf(folder: string, names: readonly string[]): ReadonlyMap<string, number> {
  const ends = names.map((name) => [name, stateOf(join(folder, name))?.end ?? 0] as const);
  return new Map(ends);
}

function openSource(
  path: string,
  from: { readonly service: string; readonly instance: string; readonly rate: number },
  { at, isKnown }: Position,
  /** Where it ended when this daemon came; undefined when it was not there. */
  endBefore: number | undefined,
  world: World,
): Source | undefined {
  const state = stateOf(path);
  if (!state) return undefined;
  const { clock, sinks, together } = world;
  const isOld = endBefore !== undefined;
  // Whoever turns forwarding on wants what comes.
  const first = isOld && !isKnown ? endBefore : state.start;
  const position = Math.min(at ?? first, state.end);
  const liveFrom = Math.min(endBefore ?? position, state.end);
  const limit = chatty(from.rate, clock.now);
  const marks = isOld ? readMarks(path) : [];
  const onLine = (line: LogLine): void => {
    const before = line.offset < liveFrom ? timeAt(marks, line.offset) : undefined;
    const out = outgoing(line, before ?? clock.wall());
    for (const sink of sinks) sink.send({ ...from, ...out });
    world.sent += 1;
  };
  const passes = (offset: number): boolean => {
    if (offset < liveFrom) return true;
    if (!limit.pass()) return false;
    const isTaken = together.pass();
    if (!isTaken) source.crowded += 1;
    return isTaken;
  };
  const cutter = cutLines(position, onLine, passes);
  const source: Source = {
    path,
    limit,
    liveFrom,
    cutter,
    crowded: 0,
    inode: 0,
    size: -1,
    skipped: 0,
  };
  return source;
}

/** The loop of the daemon has other things to do: it has its turn after so many lines and bytes. */
async function breathe(world: World, bytes: number): Promise<void> {
  world.bytes += bytes;
  if (world.sent - world.resumedAt < breath.lines && world.bytes < breath.bytes) return;
  world.resumedAt = world.sent;
  world.bytes = 0;
  await world.clock.sleep(breath.ms);
}

function offsetsOf(sources: ReadonlyMap<string, Source | undefined>): Record<string, number> {
  const offsets: Record<string, number> = {};
  for (const [name, source] of sources) if (source) offsets[name] = source.cutter.lineStart;
  return offsets;
}

/** True when the end was reached. */
async function readOn(source: Source, world: World): Promise<boolean> {
  const { path, cutter, liveFrom } = source;
  const { buffer } = world;
  const isLive = cutter.offset >= liveFrom;
  const mostBytes = isLive ? turnBytes : catchUpBytes;
  for (let bytes = 0; bytes < mostBytes; ) {
    const read = readAt(path, cutter.offset, buffer);
    if (read.kind === "none") return true;
    if (read.kind === "bytes") {
      cutter.push(buffer.subarray(0, read.bytes));
      bytes += read.bytes;
      await breathe(world, read.bytes);
      continue;
    }
    if (read.kind === "archived") source.skipped += read.start - cutter.offset;
    cutter.jump(read.start);
  }
  return false;
}

function cutTexts(source: Source, rate: number): readonly string[] {
  const { crowded, skipped: bytes } = source;
  const lines = source.limit.told();
  source.crowded = 0;
  source.skipped = 0;
  return [
    ...(lines > 0 ? [cutText(lines, rate)] : []),
    ...(crowded > 0 ? [allText(crowded)] : []),
    ...(bytes > 0 ? [`… ${bytes} bytes cut: they came faster than they can be read`] : []),
  ];
}

/** Long lines are cut before they are looked at: a megabyte a line costs no time. */
const textMax = 8_192;

function outgoing(
  line: LogLine,
  seenAt: number,
): Pick<ForwardLine, "at" | "level" | "text" | "fields"> {
  const text = redact(plain(line.text.slice(0, textMax)));
  const { at = seenAt, level, fields } = factsOfLine(text);
  return { at, text, ...(level && { level }), ...(fields && { fields }) };
}
