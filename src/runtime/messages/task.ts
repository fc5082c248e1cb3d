// The loop that relays and workers share: takes, processes, sends in order, acknowledges last.
import { HomeostatError } from "../../kernel/errors.ts";
import { dependencyIn } from "../parts/dependency.ts";
import { surroundings } from "../parts/surroundings.ts";
import { createFeeds, type Feed } from "./feed.ts";
import { createJobs, type Duty, type Ending, type Home, type Jobs } from "./job.ts";
import type { MessageTask, TaskOptions } from "./settings.ts";
import { createTally } from "./tally.ts";
import { until, within } from "./until.ts";

/** Messages that heed their signal have so many milliseconds to end once it has aborted. */
const heedMs = 500;
/** So long a source may take to let go. */
const closeMs = 2_000;

export function createTask<In>(options: TaskOptions<In>, duty: Duty<In>): MessageTask {
  const { name } = options;
  const tally = createTally(name, options.metrics);
  const home: Home<In> = { options, duty, tally, ...surroundings(options) };
  const feedOf = createFeeds();
  let running = false;
  return {
    name,
    counts: tally.counts,
    run: async (signal) => {
      if (running) throw new HomeostatError("OPTION_INVALID", `${name} runs already`);
      running = true;
      try {
        await runOnce(home, feedOf, signal);
      } finally {
        running = false;
      }
    },
  };
}

async function runOnce<In>(
  home: Home<In>,
  feedOf: ReturnType<typeof createFeeds>,
  signal: AbortSignal,
): Promise<void> {
  const { options } = home;
  const { startup, from } = options;
  if (startup) await until((async () => startup({ signal }))(), signal);
  if (signal.aborted) return;
  const source = typeof from === "function" ? await from(signal) : from;
  const feed = feedOf(source);
  const ending = createEnding(signal);
  const jobs = createJobs(home, ending);
  try {
    await take(feed, jobs, ending.stop, options.inFlight ?? 1);
  } catch (error) {
    ending.fail(error);
  }
  await finishJobs(home, jobs, ending);
  await letGo(home, feed);
  const { failure } = ending;
  if (!failure) return;
  const lost = dependencyIn(failure.error);
  if (lost !== undefined) options.stopping?.die(lost);
  throw failure.error;
}

async function take(feed: Feed, jobs: Jobs, stop: AbortSignal, inFlight: number): Promise<void> {
  while (!stop.aborted) {
    if (jobs.count() >= inFlight) {
      await until(jobs.oneLess(), stop);
      continue;
    }
    const item = await feed.next(stop);
    if (item === undefined) return;
    jobs.add(item);
  }
}

/** The source may end while messages are under way: those have all the time they need. */
async function finishJobs<In>(
  { options, clock, log }: Home<In>,
  jobs: Jobs,
  ending: ReturnType<typeof createEnding>,
): Promise<void> {
  const { busyLimitMs = 3_000, name } = options;
  await until(jobs.all(), ending.stop);
  if (jobs.count() === 0) return;
  if (!ending.failure && (await within(clock, busyLimitMs, jobs.all()))) return;
  const late = new HomeostatError("TIMED_OUT", `${name}: not done within ${busyLimitMs} ms`);
  ending.busy.abort(ending.failure?.error ?? late);
  if (await within(clock, heedMs, jobs.all())) return;
  log.warn(`${name}: ${jobs.count()} messages are left behind: they do not heed their signal`);
  await jobs.abandon();
}

async function letGo<In>({ options, clock, log }: Home<In>, feed: Feed): Promise<void> {
  const { name } = options;
  const closed = feed.close().catch((error: unknown) => {
    log.warn(`${name}: the source could not be closed`, { error });
  });
  if (!(await within(clock, closeMs, closed))) {
    log.warn(`${name}: the source has not let go after ${closeMs} ms`);
  }
}

function createEnding(
  signal: AbortSignal,
): Ending & { readonly stop: AbortSignal; readonly busy: AbortController } {
  const halt = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  return {
    signal,
    stop: AbortSignal.any([signal, halt.signal]),
    busy: new AbortController(),
    get failure() {
      return failure;
    },
    fail: (error) => {
      failure ??= { error };
      halt.abort(error);
    },
  };
}
