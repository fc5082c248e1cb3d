// The sources of metrics that are not ours: read within a limit, and left out once told when they fail.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Family, MetricsSource } from "./family.ts";
import { namesOf } from "./names.ts";

export interface Sources {
  include(source: MetricsSource): Disposable;
  /** Work that sets figures just before they are read. */
  before(work: () => void | Promise<void>): Disposable;
  /** Runs the work; no longer than the limit. */
  prepare(): Promise<void>;
  /** What the sources show, without the names that are `taken`. */
  read(taken: ReadonlySet<string>): Promise<readonly Family[]>;
}

interface Entry<Result> {
  readonly name: string;
  readonly read: () => Result | Promise<Result>;
  /** A run that has not come back yet; there is never a second beside it. */
  pending: Promise<Result> | undefined;
  failing: boolean;
}

const most = 64;

interface SourcesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limitMs: number;
}

export function createSources(options: SourcesOptions): Sources {
  const sources = new Set<Entry<readonly Family[]>>();
  const works = new Set<Entry<void>>();
  const toldTwice = new Set<string>();

  const add = <Result>(to: Set<Entry<Result>>, name: string, read: Entry<Result>["read"]) => {
    if (to.size >= most) {
      throw new HomeostatError("OPTION_INVALID", `metrics: more than ${most} sources`);
    }
    const entry: Entry<Result> = { name, read, pending: undefined, failing: false };
    to.add(entry);
    return { [Symbol.dispose]: () => void to.delete(entry) };
  };

  return {
    include: (source) => add(sources, source.name, () => source.families()),
    before: (work) => add(works, work.name || "figures", work),
    prepare: async () => {
      await Promise.all([...works].map((work) => run(work, options)));
    },
    read: async (taken) => {
      const entries = [...sources];
      const found = await Promise.all(entries.map((entry) => run(entry, options)));
      const names = new Set(taken);
      return found.flatMap((families = [], i) => {
        const { shown, twice } = apart(families, names);
        const news = twice.filter((name) => !toldTwice.has(name)).slice(0, 1_000 - toldTwice.size);
        for (const name of news) toldTwice.add(name);
        const told = { source: entries[i]?.name, metrics: news };
        if (news.length > 0) options.log.info("metrics are there twice; the first are shown", told);
        return shown;
      });
    },
  };
}

/** One run, within the limit; undefined when it failed, which is told once and not at every scrape. */
async function run<Result>(
  entry: Entry<Result>,
  { clock, log, limitMs }: SourcesOptions,
): Promise<Result | undefined> {
  const limit = deadline(clock, limitMs);
  try {
    entry.pending ??= start(entry).finally(() => {
      entry.pending = undefined;
    });
    const result = await Promise.race([entry.pending, expiry(limit.signal)]);
    if (entry.failing) log.info("a source of metrics answers again", { source: entry.name });
    entry.failing = false;
    return result;
  } catch (error) {
    const told = { source: entry.name, reason: messageOf(error) };
    if (!entry.failing) log.warn("a source of metrics is left out: it failed", told);
    entry.failing = true;
    return undefined;
  } finally {
    limit.done();
  }
}

/** The families whose names are free yet, which then are taken; and the names of the others. */
function apart(
  families: readonly Family[],
  names: Set<string>,
): { readonly shown: readonly Family[]; readonly twice: readonly string[] } {
  const twice: string[] = [];
  const shown = families.filter((family) => {
    const own = namesOf(family.name, family.type);
    if (own.some((name) => names.has(name))) {
      twice.push(family.name);
      return false;
    }
    for (const name of own) names.add(name);
    return true;
  });
  return { shown, twice };
}

/** A throw becomes a rejection, whether the source is asynchronous or not. */
async function start<Result>(entry: Entry<Result>): Promise<Result> {
  return entry.read();
}

function expiry(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
