// Reads one log on from where it was left: its lines go to those they are forwarded to, and to who listens.
import type { Clock } from "../kernel/clock.ts";
import { plain, redact } from "../kernel/redact.ts";
import { type Chatty, chatty, cutText } from "../platforms/log/chatty.ts";
import { cutLines, type LineCutter, type LogLine } from "../platforms/log/lines.ts";
import { readAt, stateOf } from "../platforms/log/read.ts";
import { readMarks, timeAt } from "../platforms/log/times.ts";
import { factsOfLine } from "../protocol/log-line.ts";
import type { Listener } from "./log-listen.ts";
import type { Position } from "./log-positions.ts";
import type { ForwardLine, ForwardSink } from "./log-sinks.ts";

/** After so much the loop of the daemon has its turn. */
const breath = { lines: 100, bytes: 1_024 * 1_024, ms: 1 } as const;
/** Read at once, of one log in one turn, and of one while what was missed is caught up with. */
export const chunkBytes: number = 32 * 1_024;
const turnBytes = 4 * 1_024 * 1_024;
const catchUpBytes = 64 * 1_024;
/** Cut because all together said too much. */
const allText = (lines: number): string => `… ${lines} lines cut: all logs together said too much`;

/** As what it is forwarded; lines a second. */
export interface From {
  readonly service: string;
  readonly instance: string;
  readonly rate: number;
}

/** Of one log: as what it is forwarded, and who listens. */
export interface Readers {
  readonly from?: From;
  readonly listener?: Listener;
}

export interface Source extends Pick<Readers, "from"> {
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

export interface World {
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

export function openSource(
  path: string,
  { from, listener }: Readers,
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
  const limit = chatty(from?.rate ?? 0, clock.now);
  const marks = isOld ? readMarks(path) : [];
  let isHeard = false;
  let isSent = false;
  const onLine = (line: LogLine): void => {
    if (isHeard) listener?.line(line.text, line.offset >= liveFrom);
    if (!from || !isSent) return;
    const before = line.offset < liveFrom ? timeAt(marks, line.offset) : undefined;
    const out = outgoing(line, before ?? clock.wall());
    for (const sink of sinks) sink.send({ ...from, ...out });
    world.sent += 1;
  };
  const mayBeSent = (offset: number): boolean => {
    if (!from) return false;
    if (offset < liveFrom) return true;
    if (!limit.pass()) return false;
    const isTaken = together.pass();
    if (!isTaken) source.crowded += 1;
    return isTaken;
  };
  const passes = (offset: number): boolean => {
    isHeard = listener?.passes(offset >= liveFrom) ?? false;
    isSent = mayBeSent(offset);
    return isHeard || isSent;
  };
  const cutter = cutLines(position, onLine, passes);
  const source: Source = {
    ...{ path, ...(from ? { from } : {}) },
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

/** True when the end was reached. */
export async function readOn(source: Source, world: World): Promise<boolean> {
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
      if (read.bytes < buffer.length) return true;
      continue;
    }
    if (read.kind === "archived") source.skipped += read.start - cutter.offset;
    cutter.jump(read.start);
  }
  return false;
}

/** Those who get the lines are told of the ones that they do not get. */
export function tellCut(source: Source, from: From, { clock, sinks }: World): void {
  for (const text of cutTexts(source, from.rate)) {
    const line = { at: clock.wall(), level: "warn" as const, text };
    for (const sink of sinks) sink.send({ ...from, ...line });
  }
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
