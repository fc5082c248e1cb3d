// The bus of an app: tells an event to all who asked for its type, and keeps them apart.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { randomId } from "../../kernel/ids.ts";
import type { AppEvent, Bus, Severity, Told } from "../parts/bus.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { checkType, type Pattern, patternOf } from "./pattern.ts";

/** What an event of a type carries, when `Types` names it. */
export type DataOf<Types, Type extends string> = Type extends keyof Types ? Types[Type] : unknown;

/** What a publisher says of a type; data that `Types` names may not be left out. */
export type Saying<Types, Type extends string> = Omit<Told, "type" | "data"> & {
  readonly type: Type;
} & (Type extends keyof Types ? { readonly data: Types[Type] } : { readonly data?: unknown });

/** A {@link Bus} that knows what the events of some types carry; of all others it takes any data. */
export interface TypedBus<Types extends object> {
  publish<const Type extends string>(
    event: Saying<Types, Type>,
  ): AppEvent<DataOf<Types, NoInfer<Type>>>;
  subscribe<const Type extends string>(
    pattern: Type,
    listener: (event: AppEvent<DataOf<Types, NoInfer<Type>>>) => void | Promise<void>,
  ): Disposable;
  /** Listeners there are now. */
  readonly size: number;
}

export interface BusOptions extends Partial<Surroundings> {
  /** More listeners than this are a leak and are refused; default 1,000. */
  readonly listenersMax?: number;
}

interface Entry {
  readonly pattern: Pattern;
  readonly listener: (event: AppEvent) => void | Promise<void>;
}

/** Events told from within a listener, within a listener …: a circle, not a chain. */
const depthMax = 64;

/** Types whose listeners are remembered. */
const knownMax = 1_000;

const severities: readonly Severity[] = ["info", "warning", "critical"];

/**
 * Publishing never waits for listeners that take time. `Types` maps a type of event to its data:
 * `createBus<{ "order.placed": { id: number } }>()`.
 */
export function createBus<Types extends object = Record<never, never>>(
  options: BusOptions = {},
): TypedBus<Types> {
  const { clock, random, log } = surroundings(options);
  const { listenersMax = 1_000 } = options;
  const listeners = createListeners();
  let depth = 0;

  const failed = (event: AppEvent, { pattern }: Entry, error: unknown): void => {
    const fields = { type: event.type, id: event.id, pattern: pattern.text };
    log.error(`a listener failed: ${messageOf(error)}`, { ...fields, error });
  };

  const tell = (event: AppEvent): void => {
    if (depth >= depthMax) {
      log.error("an event is not told: its listeners publish in a circle", { type: event.type });
      return;
    }
    depth += 1;
    for (const entry of listeners.of(event.type)) {
      try {
        // Untyped listeners answer anything, as `push` does.
        const answer: unknown = entry.listener(event);
        if (isPromise(answer)) answer.then(undefined, (error) => failed(event, entry, error));
      } catch (error) {
        failed(event, entry, error);
      }
    }
    depth -= 1;
  };

  const publish = ({ type, source, severity = "info", data }: Told): AppEvent => {
    checkType(type);
    if (!severities.includes(severity)) {
      throw new HomeostatError("OPTION_INVALID", `${type}: severity must be ${severities}`);
    }
    const time = new Date(clock.wall()).toISOString();
    const event = Object.freeze({ id: randomId(random), type, source, severity, time, data });
    tell(event);
    return event;
  };

  const subscribe = (text: string, listener: Entry["listener"]): Disposable => {
    if (typeof listener !== "function") {
      throw new HomeostatError("OPTION_INVALID", `${text}: expected a listener, got none`);
    }
    if (listeners.size >= listenersMax) {
      throw new HomeostatError("OPTION_INVALID", `${text}: there are ${listenersMax} listeners`);
    }
    return listeners.add({ pattern: patternOf(text), listener });
  };

  const bus: Bus & { readonly size: number } = {
    publish,
    subscribe,
    get size() {
      return listeners.size;
    },
  };
  // The types live in the signatures only: one implementation serves them all.
  return bus as unknown as TypedBus<Types>;
}

function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as PromiseLike<unknown> | undefined)?.then === "function";
}

interface Listeners {
  readonly size: number;
  add(entry: Entry): Disposable;
  /** A list that never changes: who is being told keeps it as it was. */
  of(type: string): readonly Entry[];
}

function createListeners(): Listeners {
  let all: readonly Entry[] = [];
  let known = new Map<string, readonly Entry[]>();
  const change = (next: readonly Entry[]): void => {
    all = next;
    known = new Map();
  };
  return {
    get size() {
      return all.length;
    },
    add: (entry) => {
      change([...all, entry]);
      return { [Symbol.dispose]: () => change(all.filter((other) => other !== entry)) };
    },
    of: (type) => {
      const found = known.get(type);
      if (found) return found;
      const matching = all.filter(({ pattern }) => pattern.matches(type));
      if (known.size >= knownMax) known = new Map();
      known.set(type, matching);
      return matching;
    },
  };
}
