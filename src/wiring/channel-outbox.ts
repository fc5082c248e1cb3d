// Notices on their way to people: each channel for itself, tried until told, handed on when one is away.
import { type Clock, deadline, every, turn as nextTurn } from "../kernel/clock.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { retryAfterOf } from "../kernel/retry-after.ts";
import type { Notice, Notifier } from "../notifiers/notifier.ts";
import { backoff } from "../policies/retry/backoff.ts";
import { createOutage, type Outage } from "../runtime/outside/outage.ts";
import type { Kept, Pending } from "./channel-kept.ts";

export interface OutboxOptions {
  /** In the order in which they stand in for each other. */
  readonly channels: readonly Notifier[];
  readonly escalateAfterMs: number;
  readonly kept: Kept;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Outbox {
  /** It is tried at once, and again until it is told; a newer one of its incident replaces it. */
  post(channel: string, notice: Notice): void;
  /** The same; settles with the first attempt. */
  tell(channel: string, notice: Notice): Promise<void>;
  /** The end of an incident, for these and for all who know of it. */
  end(notice: Notice, channels: readonly string[]): void;
  /** All events up to this one have been looked at. */
  seen(seq: number): void;
  readonly pending: readonly Pending[];
  run(signal: AbortSignal): Promise<void>;
}

type Entry = { -readonly [K in keyof Pending]: Pending[K] } & { running: boolean; nextAt: number };

const turnMs = 500;
const saveMs = 200;
const attemptMs = 30_000;
const entriesMax = 500;
/** What was done is old news after a while; that a person is needed is not. */
const staleMs = { info: 3_600_000, over: 86_400_000 } as const;
const pauseOf = backoff({ baseMs: 10_000, maxMs: 300_000, jitter: "equal" });

export function createOutbox(options: OutboxOptions): Outbox {
  const { channels, kept, clock, log } = options;
  const names = channels.map(({ name }) => name);
  const { save, flush } = seldom(clock, () => {
    const pending = [...box.entries.values()].map(({ running: _, nextAt: __, ...it }) => it);
    const told = Object.fromEntries([...box.told].map(([id, set]) => [id, [...set]]));
    kept.save({ ...(box.seq === undefined ? {} : { seq: box.seq }), pending, told });
  });
  const box: Box = {
    ...{ options, entries: new Map(), told: new Map(), outages: new Map() },
    ...{ seq: kept.state.seq, save },
  };
  for (const it of kept.state.pending) {
    // Who was refused is tried again: the config may have been mended since.
    const { refused: _, ...rest } = it;
    const entry = { ...rest, running: false, nextAt: 0 };
    if (names.includes(it.channel)) box.entries.set(keyOf(it), entry);
    else log.warn(`what ${it.channel} was to tell is dropped: it is no channel`);
  }
  for (const [id, set] of Object.entries(kept.state.told)) box.told.set(id, new Set(set));
  const post = (channel: string, notice: Notice): void =>
    void attempt(box, put(box, channel, notice)).catch(() => {});
  return {
    post,
    tell: (channel, notice) => attempt(box, put(box, channel, notice)),
    end: (notice, more) => {
      const { incident } = notice;
      const waiting = [...box.entries.values()].filter((it) => it.notice.incident === incident);
      const all = new Set([...more, ...(box.told.get(incident) ?? [])]);
      for (const { channel } of waiting) all.add(channel);
      for (const name of names) if (all.has(name)) post(name, notice);
    },
    seen: (seq) => {
      box.seq = seq;
      save();
    },
    get pending() {
      return [...box.entries.values()];
    },
    run: async (signal) => {
      turn(box);
      await every(clock, turnMs, signal, () => turn(box));
      flush();
    },
  };
}

/** Much may change at once, and a file is written by whoever decides about services, too. */
function seldom(clock: Clock, write: () => void): { save: () => void; flush: () => void } {
  let [isDue, isResting] = [false, false];
  const flush = (): void => {
    if (isDue) write();
    isDue = false;
  };
  const rest = async (): Promise<void> => {
    isResting = true;
    while (isDue) {
      await nextTurn();
      flush();
      await clock.sleep(saveMs);
    }
    isResting = false;
  };
  const save = (): void => {
    isDue = true;
    if (!isResting) void rest();
  };
  return { save, flush };
}

interface Box {
  readonly options: OutboxOptions;
  readonly entries: Map<string, Entry>;
  readonly told: Map<string, Set<string>>;
  readonly outages: Map<string, Outage>;
  seq: number | undefined;
  readonly save: () => void;
}

function keyOf({ channel, notice }: Pick<Pending, "channel" | "notice">): string {
  return `${channel} ${notice.incident}`;
}

function put(box: Box, channel: string, notice: Notice): Entry {
  const before = box.entries.get(keyOf({ channel, notice }));
  // What is known since does not make it less urgent; only its end does.
  const isUrgent = notice.urgent || (before?.notice.urgent === true && !notice.over);
  const goesOn = before !== undefined && isUrgent && before.notice.urgent;
  const entry: Entry = {
    channel,
    notice: isUrgent === notice.urgent ? notice : { ...notice, urgent: isUrgent },
    sinceAt: goesOn ? before.sinceAt : box.options.clock.wall(),
    attempts: goesOn ? before.attempts : 0,
    ...(goesOn && before.passedOn !== undefined ? { passedOn: before.passedOn } : {}),
    running: false,
    nextAt: 0,
  };
  box.entries.set(keyOf(entry), entry);
  crowd(box);
  return entry;
}

/** What is least needed makes room. */
function crowd(box: Box): void {
  if (box.entries.size <= entriesMax) return;
  const all = [...box.entries];
  const [key, it] = all.find(([, { notice }]) => !notice.urgent && !notice.over) ?? all[0] ?? [];
  if (key === undefined || !it) return;
  box.entries.delete(key);
  box.options.log.warn(
    `too much is to be told: incident ${it.notice.incident} is not, by ${it.channel}`,
  );
}

/** Settles as the attempt did; what is told of it is told here. */
async function attempt(box: Box, entry: Entry): Promise<void> {
  const { channels, clock } = box.options;
  const notifier = channels.find(({ name }) => name === entry.channel);
  if (!notifier) throw new HomeostatError("UNKNOWN_ID", `there is no channel ${entry.channel}`);
  entry.running = true;
  entry.attempts += 1;
  box.save();
  const limit = deadline(clock, attemptMs);
  const late = new Promise<never>((_, reject) => {
    limit.signal.addEventListener("abort", () => reject(limit.signal.reason), { once: true });
  });
  try {
    // A notifier that is broken may throw at once, or never answer.
    const sending = (async () => notifier.send(entry.notice, { signal: limit.signal }))();
    await Promise.race([sending, late]);
    delivered(box, entry);
  } catch (error) {
    failed(box, entry, error);
    throw error;
  } finally {
    limit.done();
    entry.running = false;
    box.save();
  }
}

function delivered({ entries, told, outages }: Box, entry: Entry): void {
  const { channel, notice } = entry;
  outages.get(channel)?.worked();
  if (entries.get(keyOf(entry)) === entry) entries.delete(keyOf(entry));
  const known = told.get(notice.incident) ?? new Set();
  if (notice.urgent && !notice.over) told.set(notice.incident, known.add(channel));
  if (!notice.over) return;
  known.delete(channel);
  if (known.size === 0) told.delete(notice.incident);
}

function failed(box: Box, entry: Entry, error: unknown): void {
  const { clock, random, log } = box.options;
  const outage = box.outages.get(entry.channel) ?? createOutage(log, `telling by ${entry.channel}`);
  box.outages.set(entry.channel, outage);
  const reason = messageOf(error);
  const isFinal =
    error instanceof HomeostatError && !error.retryable && error.family !== "Cancelled";
  outage.failed(isFinal ? `${reason}; it is not tried again` : reason);
  entry.reason = reason;
  if (isFinal) entry.refused = true;
  const pauseMs = pauseOf(Math.min(entry.attempts - 1, 20), { last: 0 }, random);
  entry.nextAt = clock.now() + Math.max(pauseMs, retryAfterOf(error, clock) ?? 0);
}

function turn(box: Box): void {
  const { clock } = box.options;
  for (const entry of [...box.entries.values()]) {
    const ageMs = clock.wall() - entry.sinceAt;
    const { urgent, over } = entry.notice;
    if (!(urgent && !over) && !entry.running && ageMs > staleMs[over ? "over" : "info"]) {
      box.entries.delete(keyOf(entry));
      box.save();
      continue;
    }
    const isDue = !entry.running && !entry.refused && clock.now() >= entry.nextAt;
    if (isDue) void attempt(box, entry).catch(() => {});
    if (urgent && !over) passOn(box, entry, ageMs);
  }
}

/** The next channel that has not heard of it is told, once for each that could not be reached. */
function passOn(box: Box, entry: Entry, ageMs: number): void {
  const { channels, escalateAfterMs, log } = box.options;
  if (entry.passedOn !== undefined) return;
  if (!entry.refused && ageMs < escalateAfterMs) return;
  const { notice, channel } = entry;
  const next = channels.find(
    ({ name }) =>
      !box.told.get(notice.incident)?.has(name) &&
      !box.entries.has(keyOf({ channel: name, notice })),
  );
  if (!next) return;
  entry.passedOn = next.name;
  log.warn(`incident ${notice.incident} goes to ${next.name}: ${channel} was not reached`);
  const why = `(${channel} could not be reached: ${entry.reason ?? "no answer"})`;
  const facts = notice.facts ? { facts: { ...notice.facts, unreached: why } } : {};
  const passed = { ...notice, ...facts, text: `${notice.text}\n${why}` };
  void attempt(box, put(box, next.name, passed)).catch(() => {});
}
