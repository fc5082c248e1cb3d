// What happened before an error: the last things the app did, for each request apart when asked.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { checkOptions, count, flag } from "../../policies/options.ts";
import type { Listener } from "../parts/bus.ts";
import { type AddCrumb, type KeptCrumb, kept } from "./crumb.ts";
import { type CrumbSink, crumbListener, crumbSink, type SinkOptions } from "./crumbs-from.ts";

export interface BreadcrumbOptions {
  /** So many are kept, the newest; default 100, 1,000 at most. */
  readonly max?: number;
  /** Those added within {@link Breadcrumbs.run} are seen from within it only; default false. */
  readonly perContext?: boolean;
  readonly clock?: Clock;
}

export interface Breadcrumbs {
  readonly add: AddCrumb;
  /** The oldest first: those of this context, of the contexts around it and of the app. */
  list(): readonly KeptCrumb[];
  /** Runs `work`, a request for instance, in a context of its own (when `perContext`). */
  run<T>(work: () => T): T;
  /** For the log's `sinks`; lines of level info and above unless told otherwise. */
  sink(options?: SinkOptions): CrumbSink;
  /** For `bus.subscribe("**", crumbs.listener)`. */
  readonly listener: Listener;
}

interface Trail {
  readonly ring: { readonly order: number; readonly crumb: KeptCrumb }[];
  /** Where the oldest stands once the ring is full. */
  next: number;
  readonly around?: Trail;
  readonly depth: number;
}

const most = 1_000;
/** A context begun within a context, again and again, would otherwise hold on to all of them. */
const deepest = 8;

/** @throws OPTION_INVALID for a `max` that is no whole number from 1 to 1,000. */
export function breadcrumbs(options: BreadcrumbOptions = {}): Breadcrumbs {
  const { clock: _, ...checked } = options;
  checkOptions("breadcrumbs", checked, { max: count(1, most), perContext: flag });
  const { max = 100, perContext = false, clock = systemClock } = options;
  const app: Trail = { ring: [], next: 0, depth: 0 };
  const context = perContext ? new AsyncLocalStorage<Trail>() : undefined;
  let order = 0;

  const add: AddCrumb = (crumb) => {
    const trail = context?.getStore() ?? app;
    trail.ring[trail.next] = { order: order++, crumb: kept(crumb, clock.wall()) };
    trail.next = (trail.next + 1) % max;
  };

  const list = (): readonly KeptCrumb[] => {
    const found: Trail["ring"] = [];
    for (let at: Trail | undefined = context?.getStore() ?? app; at; at = at.around) {
      found.push(...at.ring);
    }
    found.sort((a, b) => a.order - b.order);
    return found.slice(-max).map(({ crumb }) => crumb);
  };

  return {
    add,
    list,
    run: (work) => {
      if (!context) return work();
      const within = context.getStore() ?? app;
      const around = within.depth < deepest ? within : app;
      return context.run({ ring: [], next: 0, around, depth: around.depth + 1 }, work);
    },
    sink: (sinkOptions) => crumbSink(add, sinkOptions),
    listener: crumbListener(add),
  };
}
