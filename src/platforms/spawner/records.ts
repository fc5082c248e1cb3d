// What a daemon knows of the children of its spawner: who runs, who ended how, who asks about it.
import type { ProcessIdentity } from "../../model/instance.ts";
import type { Held, HeldEnd } from "../../protocol/spawner.ts";
import type { Ended, Found } from "../platform.ts";
import { keyOf } from "./children.ts";

export interface Records {
  /** Resolves when it has ended; how, is known when the spawner tells it. */
  ended(identity: ProcessIdentity): Promise<Ended>;
  /** How it ended, when that is known by now. */
  endOf(identity: ProcessIdentity): Ended | undefined;
  /** The children whose end was not told yet. */
  found(project: string): readonly Found[];
  /** The spawner has just started it for this daemon. */
  started(held: Held): void;
  /** The spawner's own list, when it has just been reached. */
  heard(held: readonly Held[], ends: readonly HeldEnd[]): void;
  told(end: HeldEnd): void;
  /** The spawner is gone: what it was the parent of is looked at from here. */
  lost(): void;
  /** The end was written down. */
  acknowledge(identity: ProcessIdentity): void;
  /** From now on an end that nobody has asked for is nobody's. */
  settle(): void;
}

interface Entry {
  readonly identity: ProcessIdentity;
  readonly promise: Promise<Ended>;
  readonly resolve: (ended: Ended) => void;
  /** As long as the spawner has it. */
  held?: Held | undefined;
  /** Somebody waits for its end, or is about to. */
  wanted: boolean;
  watched: boolean;
  end?: Ended;
}

/** Ends that are kept for whoever asks late. */
const lateMax = 256;

export interface RecordsOptions {
  /** Sees the end of any process. */
  readonly watch: (identity: ProcessIdentity) => Promise<Ended>;
  /** Tells the spawner to keep these ends no longer. */
  readonly taken: (identities: readonly ProcessIdentity[]) => void;
}

export function keepRecords(options: RecordsOptions): Records {
  const { all, entryOf, end, watch, drop } = keepTable(options);
  let settled = false;

  const told = ({ identity, code, signal, agoMs }: HeldEnd): void => {
    const isNobodys = settled && !all.get(keyOf(identity))?.wanted;
    const ago = agoMs === 0 ? {} : { agoMs };
    if (isNobodys) drop([identity]);
    else end(entryOf(identity), { code, signal, known: true, ...ago });
  };

  return {
    ended: (identity) => {
      const entry = entryOf(identity);
      entry.wanted = true;
      watch(entry);
      return entry.promise;
    },
    endOf: (identity) => all.get(keyOf(identity))?.end,
    found: (project) =>
      [...all.values()].flatMap(({ held }) => (held?.project === project ? [asFound(held)] : [])),
    started: (held) => {
      const entry = entryOf(held.identity);
      entry.wanted = true;
      if (!entry.end) entry.held = held;
    },
    heard: (held, ends) => {
      for (const one of held) {
        const entry = entryOf(one.identity);
        if (!entry.end) entry.held = one;
      }
      for (const one of ends) told(one);
    },
    told,
    lost: () => {
      for (const [key, entry] of all) {
        if (!entry.held) continue;
        entry.held = undefined;
        if (entry.wanted) watch(entry);
        else all.delete(key);
      }
    },
    acknowledge: (identity) => {
      if (all.get(keyOf(identity))?.end) drop([identity]);
    },
    settle: () => {
      settled = true;
      const nobodys = [...all.values()].filter(({ wanted, end }) => end && !wanted);
      if (nobodys.length > 0) drop(nobodys.map(({ identity }) => identity));
    },
  };
}

interface Table {
  readonly all: Map<string, Entry>;
  entryOf(identity: ProcessIdentity): Entry;
  end(entry: Entry, ended: Ended): void;
  /** Looks at the process from here, unless a spawner has it. */
  watch(entry: Entry): void;
  /** Nobody needs these ends any more. */
  drop(identities: readonly ProcessIdentity[]): void;
}

function keepTable(options: RecordsOptions): Table {
  const all = new Map<string, Entry>();
  const late: string[] = [];
  const end = (entry: Entry, ended: Ended): void => {
    if (entry.end) return;
    entry.end = ended;
    entry.held = undefined;
    entry.resolve(ended);
    late.push(keyOf(entry.identity));
    if (late.length > lateMax) all.delete(late.shift() ?? "");
  };
  return {
    all,
    end,
    entryOf: (identity) => {
      const known = all.get(keyOf(identity));
      if (known) return known;
      const { promise, resolve } = Promise.withResolvers<Ended>();
      const entry: Entry = { identity, promise, resolve, wanted: false, watched: false };
      all.set(keyOf(identity), entry);
      return entry;
    },
    watch: (entry) => {
      if (entry.watched || entry.end || entry.held) return;
      entry.watched = true;
      void options.watch(entry.identity).then((ended) => {
        entry.watched = false;
        // A spawner that was reached meanwhile knows more, and is about to tell it.
        if (!entry.held) end(entry, ended);
      });
    },
    drop: (identities) => {
      for (const identity of identities) all.delete(keyOf(identity));
      options.taken(identities);
    },
  };
}

function asFound({ target, run, identity, port }: Held): Found {
  return { target, run, identity, leader: true, ...(port === undefined ? {} : { port }) };
}
