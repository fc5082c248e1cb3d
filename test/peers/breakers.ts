// The defects of breakers: windows that do not turn, late results, callers and hangs during the probe.
import { type Library, notApplicable, type Scenario, type Verdict, verdict } from "./library.ts";
import {
  calls,
  fails,
  flagged,
  letThrough,
  outcome,
  pending,
  settle,
  wait,
  works,
} from "./steps.ts";

/** How long a probe is waited for; a breaker lets it through after `openMs`, most often. */
const patienceMs = 2_000;

const settings = { windowMs: 10_000, minimumCalls: 5, openMs: 60 };

const noProbe = verdict(false, "let no probe through after its open time");

/** A breaker that was just tripped. */
async function tripped(library: Library) {
  const guard = library.breaker(settings);
  await calls(guard, settings.minimumCalls, fails);
  return guard;
}

/** The results of 40 calls must be forgotten when a window that is long over has turned. */
async function oldResults(library: Library): Promise<Verdict> {
  const guard = library.breaker({ windowMs: 300, minimumCalls: 10, openMs: 60_000 });
  await calls(guard, 40, works);
  await wait(900);
  await calls(guard, 10, fails);
  const next = flagged();
  await outcome(guard.run(next.work));
  return next.ran
    ? verdict(false, "stays closed at 10 failures of 10: older successes still count")
    : verdict(true, "opens at 10 failures of 10");
}

/** A success from before the trip must not close it: what is let through then was no probe. */
async function lateSuccess(library: Library): Promise<Verdict | undefined> {
  const guard = library.breaker(settings);
  const early = pending();
  const first = outcome(guard.run(early.work));
  await calls(guard, settings.minimumCalls, fails);
  const probe = pending();
  if (!(await letThrough(guard, probe.work, patienceMs))) return noProbe;
  early.end(true);
  await first;
  await settle();
  const other = flagged();
  void outcome(guard.run(other.work));
  await settle();
  const closed = other.ran;
  probe.end(true);
  return closed ? verdict(false, "a success from before the trip closes it") : undefined;
}

/** A failure from before the trip must not open it again: the probe then succeeds for nothing. */
async function lateFailure(library: Library): Promise<Verdict | undefined> {
  const guard = library.breaker(settings);
  const early = pending();
  const first = outcome(guard.run(early.work));
  await calls(guard, settings.minimumCalls, fails);
  const probe = pending();
  if (!(await letThrough(guard, probe.work, patienceMs))) return noProbe;
  early.end(false);
  await first;
  await settle();
  probe.end(true);
  await settle();
  const other = flagged();
  void outcome(guard.run(other.work));
  await settle();
  return other.ran ? undefined : verdict(false, "a failure from before the trip opens it again");
}

async function callersDuringProbe(library: Library): Promise<Verdict> {
  const guard = await tripped(library);
  const probe = pending();
  if (!(await letThrough(guard, probe.work, patienceMs))) return noProbe;
  let ran = 0;
  let rejected = 0;
  for (let i = 0; i < 1_000; i++) {
    const run = guard.run(async () => {
      ran += 1;
    });
    void outcome(run).then(({ ok }) => {
      if (!ok) rejected += 1;
    });
  }
  await settle();
  const found = `of 1,000 callers ${rejected} rejected, ${1_000 - ran - rejected} kept waiting, ${ran} let through`;
  const result = verdict(rejected === 1_000, found);
  probe.end(true);
  return result;
}

async function hungProbe(library: Library): Promise<Verdict> {
  const guard = await tripped(library);
  if (!(await letThrough(guard, () => new Promise(() => {}), patienceMs))) return noProbe;
  const longMs = 15 * settings.openMs;
  return (await letThrough(guard, works, longMs))
    ? verdict(true, "another call gets the probe's place")
    : verdict(false, `no call is let through for ${longMs} ms, 15 times its open time`);
}

async function plainUndefined(library: Library): Promise<Verdict> {
  const ended = await outcome(library.breaker(settings).run(() => undefined));
  if (!ended.ok) return verdict(false, String(ended.error));
  return verdict(ended.value === undefined, `the result is ${ended.value}`);
}

async function oneFailure(library: Library): Promise<Verdict> {
  const guard = library.breakerOfDefaults?.();
  if (!guard) return notApplicable("has no defaults: a threshold must be given");
  await calls(guard, 1, fails);
  const next = flagged();
  await outcome(guard.run(next.work));
  return verdict(next.ran, next.ran ? "stays closed" : "opens at one failure of one call");
}

export const breakerScenarios: readonly Scenario[] = [
  { n: 1, title: "results older than the window are forgotten", run: oldResults },
  {
    n: 3,
    title: "a call begun before the trip says nothing during the probe",
    run: async (library) => {
      const found = await Promise.all([lateSuccess(library), lateFailure(library)]);
      return found.find((one) => one !== undefined) ?? verdict(true, "the probe alone decides");
    },
  },
  { n: 4, title: "1,000 callers during the probe are rejected at once", run: callersDuringProbe },
  { n: 5, title: "a probe that hangs is given up", run: hungProbe },
  { n: 11, title: "work that returns undefined, not a promise", run: plainUndefined },
  { n: 12, title: "one failure under the defaults opens nothing", run: oneFailure },
];
