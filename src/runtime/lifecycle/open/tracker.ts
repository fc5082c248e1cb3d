// Keeps track, weakly, of what the app opens and of the lines that opened it.
import type { Server } from "node:net";
import { messageOf } from "../../../kernel/errors.ts";
import { addressOf, type Kind } from "./kinds.ts";
import { describeSite, isOwnSite, type Site, siteAbove } from "./sites.ts";
import { watchChannels, watchTimers } from "./watch.ts";

/** Something that was opened and is not closed. */
export interface Open {
  /**
   * `server`, `client socket`, `accepted socket`, `UDP socket`, `worker`, `child process`, `timer`,
   * a kind of the app's own, or what Node's report calls it.
   */
  readonly kind: string;
  /** An address, a process id, a thread. */
  readonly endpoint: string;
  /** The app's lines that created it, the nearest first. */
  readonly createdAt?: string;
}

export interface Tracked extends Open {
  readonly thing: object;
  /** Whether it keeps the process alive; undefined when only Node's report knows. */
  readonly holds: boolean | undefined;
  readonly fds: readonly number[];
  end(): void;
  destroy(): void;
}

export interface Tracker {
  /** Watches what Node opens; what was open before has no line. Timers cost microseconds each. */
  start(options?: { readonly timers?: boolean }): Disposable;
  /** Tells of a thing that Node does not tell of: a socket of a native library. */
  track<Thing extends object>(thing: Thing, kind: Kind<Thing>): Disposable;
  /** Leaves this thing out for ever: it is meant to stay. */
  ignore(thing: object): void;
  /** All that is open; what surely does not keep the process alive is left out. */
  open(): readonly Tracked[];
}

/** Holds no stack: what stands on a stack may hold the thing itself, which would then never go. */
interface Noted {
  readonly thing: WeakRef<object>;
  readonly kind: Kind<object>;
}

/** Notes are swept of what is gone when there are more than this, or twice what the last sweep left. */
const sweepAt = 256;

export function createTracker(): Tracker {
  let notes = new Set<Noted>();
  let nextSweep = sweepAt;
  const noted = new WeakMap<object, Noted>();
  const sites = new WeakMap<object, Site>();
  const ignored = new WeakSet<object>();

  const note = <Thing extends object>(thing: Thing, kind: Kind<Thing>, site?: Site): void => {
    if (site !== undefined) sites.set(thing, site);
    const before = noted.get(thing);
    if (before !== undefined && notes.has(before)) return;
    // The kind only ever meets the thing that stands beside it.
    const made = { thing: new WeakRef(thing), kind: kind as unknown as Kind<object> };
    noted.set(thing, made);
    notes.add(made);
    if (notes.size > nextSweep) sweep();
  };

  const sweep = (): void => {
    notes = new Set(
      [...notes].filter(({ thing: ref, kind }) => {
        const thing = ref.deref();
        return thing !== undefined && kind.isGone?.(thing) !== true;
      }),
    );
    nextSweep = Math.max(sweepAt, 2 * notes.size);
  };

  const describe = ({ thing: ref, kind }: Noted): readonly Tracked[] => {
    const thing = ref.deref();
    if (thing === undefined || ignored.has(thing) || !kind.isOpen(thing)) return [];
    const site = sites.get(thing);
    // The waits of the library itself end with the app.
    if (kind.name === "timer" && site !== undefined && isOwnSite(site)) return [];
    const one = trackedOf(thing, kind, siteOf(thing, sites));
    return one.holds === false ? [] : [one];
  };

  return {
    start: ({ timers = false } = {}) => {
      const watches = [watchChannels(note), ...(timers ? [watchTimers(note)] : [])];
      return {
        [Symbol.dispose]: () => {
          for (const watch of watches) watch[Symbol.dispose]();
        },
      };
    },
    track: function track(thing, kind) {
      note(thing, kind, siteAbove(track));
      return { [Symbol.dispose]: () => void ignored.add(thing) };
    },
    ignore: (thing) => void ignored.add(thing),
    open: () => [...notes].flatMap(describe),
  };
}

/** The app's own kinds may throw; the others must be listed all the same. */
function endpointOf(thing: object, kind: Kind<object>): string {
  try {
    return kind.endpoint(thing);
  } catch (error) {
    return `(${messageOf(error)})`;
  }
}

function siteOf(thing: object, sites: WeakMap<object, Site>): string | undefined {
  const site = sites.get(thing);
  if (site !== undefined) return describeSite(site);
  const server = "server" in thing ? (thing.server as Server | undefined) : undefined;
  const of = server && sites.get(server);
  if (server === undefined || of === undefined) return undefined;
  return `the server on ${addressOf(server)}, created at ${describeSite(of)}`;
}

function trackedOf(thing: object, kind: Kind<object>, createdAt: string | undefined): Tracked {
  return {
    thing,
    kind: kind.name,
    endpoint: endpointOf(thing, kind),
    ...(createdAt === undefined ? {} : { createdAt }),
    holds: kind.holds(thing),
    fds: kind.fds?.(thing) ?? [],
    end: () => kind.end(thing),
    destroy: () => kind.destroy(thing),
  };
}
