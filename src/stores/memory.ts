// A store that lives and dies with its process: for tests, simulations and replay.

import type { Event } from "../model/event.ts";
import { parseExact, stringifyExact } from "./exact-json.ts";
import { closed, follow, followTick } from "./order.ts";
import type { Snapshot, Store, Tick } from "./store.ts";

export interface MemoryStoreOptions {
  /** How many of the newest ticks are kept; 10 000 unless told. */
  readonly maxTicks?: number;
}

export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const maxTicks = options.maxTicks ?? 10_000;
  const events: Event[] = [];
  const ticks: Tick[] = [];
  const files = new Map<string, string>();
  let snapshot: string | undefined;
  let latest = 0;
  let open = true;

  const check = (): void => {
    if (!open) throw closed("memory");
  };

  return {
    name: "memory",
    append(added) {
      check();
      follow(events.length, added);
      for (const event of added) events.push(event);
    },
    read(afterSeq = 0) {
      check();
      return events.slice(Math.max(0, afterSeq));
    },
    appendTick(tick) {
      check();
      latest = followTick(latest, tick);
      ticks.push(tick);
      if (ticks.length > maxTicks) ticks.shift();
    },
    readTicks(afterN = 0) {
      check();
      return ticks.filter((tick) => tick.n > afterN);
    },
    lastTick() {
      check();
      return ticks.at(-1);
    },
    putFile(version, content) {
      check();
      if (!files.has(version)) files.set(version, content);
    },
    getFile(version) {
      check();
      return files.get(version);
    },
    takeSnapshot() {
      check();
      return snapshot === undefined ? undefined : (parseExact(snapshot) as Snapshot);
    },
    keepSnapshot(kept) {
      check();
      snapshot = stringifyExact(kept);
    },
    close() {
      open = false;
    },
  };
}
