// What a new daemon finds: it takes over what runs, tells what is gone, and ends what is nobody's.
import { messageOf } from "../kernel/errors.ts";
import type { Exit, ProcessIdentity } from "../model/instance.ts";
import { isOurs, serviceOf, type Target } from "../model/target.ts";
import type { Found } from "../platforms/platform.ts";
import { exitData, statusOf } from "./exit.ts";
import type { Runner } from "./runner.ts";
import type { Past, PastRun, SupervisorOptions } from "./spec.ts";

type Runners = ReadonlyMap<Target, Runner>;

const unseen = { code: null, signal: null, known: false };

/** Everything here is told before anything the loop may want can begin. */
export function adoptAll(options: SupervisorOptions, runners: Runners, past: Past): void {
  const leaders = leadersOf(options, runners, past);
  const gone = [...past.runs].filter(
    ([target, run]) => runners.has(target) && !isSame(leaders.get(target)?.identity, run.identity),
  );
  const { together = (work: () => void) => work() } = options;
  together(() => {
    for (const [target, run] of gone) {
      options.beforeExit(serviceOf(target));
      const data = endOf(options, target, run);
      options.emit({ type: "instance.exited", subject: target, data });
    }
    for (const [target, found] of leaders) {
      const run = past.runs.get(target);
      const { sinceMs = options.clock.now(), stopping = false } = run ?? {};
      const ready = run?.ready === true && isSame(found.identity, run.identity);
      runners.get(target)?.adopt(found, sinceMs, { stopping, ready });
    }
  });
  // Whoever keeps how they ended may forget it: it is in the journal now.
  for (const [, { identity }] of gone) if (identity) options.platform.acknowledge?.(identity);
  sweep(options, runners);
}

/**
 * The process that leads each instance. What it has started in groups of their own carries the same
 * mark: the process that the journal knows is taken, or else the first one of the latest run.
 */
function leadersOf(
  { platform, project }: SupervisorOptions,
  runners: Runners,
  past: Past,
): Map<Target, Found> {
  const all = Map.groupBy(
    platform.scan(project).filter((found) => found.leader && runners.has(found.target)),
    (found) => found.target,
  );
  return new Map(
    [...all].flatMap(([target, many]) => {
      const known = many.find((it) => isSame(it.identity, past.runs.get(target)?.identity));
      const chosen = known ?? firstOfLatest(many);
      return chosen ? [[target, chosen] as const] : [];
    }),
  );
}

function firstOfLatest(many: readonly Found[]): Found | undefined {
  const firsts = [...Map.groupBy(many, (found) => found.run).values()].flatMap((run) =>
    run.toSorted((a, b) => a.identity.startTicks - b.identity.startTicks).slice(0, 1),
  );
  return firsts.toSorted((a, b) => b.identity.startTicks - a.identity.startTicks)[0];
}

/** How a run that ended while no daemon was there is told. */
function endOf(options: SupervisorOptions, target: Target, run: PastRun): Exit {
  const { platform, clock, lastLines, logFile, services } = options;
  // It may have ended earlier; what counts from its start on must find it where it was.
  const uptimeMs = clock.now() - run.sinceMs;
  const asked = { expected: true, stopped: true };
  const stopped = exitData(unseen, asked, uptimeMs, []);
  if (run.identity && run.identity.bootId !== platform.bootId) {
    return { ...stopped, text: "the machine was started anew" };
  }
  const kept = run.identity && platform.endOf?.(run.identity);
  if (run.stopping) return kept ? exitData(kept, asked, uptimeMs, []) : stopped;
  const lines = lastLines(logFile(target));
  if (kept) {
    const { isExpectedExit } = services.find(({ name }) => name === serviceOf(target)) ?? {};
    const expected = isExpectedExit?.(statusOf(kept)) ?? false;
    const data = exitData(kept, { expected, stopped: false }, uptimeMs, lines);
    return { ...data, text: `${data.text}, while no daemon was watching` };
  }
  const crashed = exitData(unseen, { expected: false, stopped: false }, uptimeMs, lines);
  return { ...crashed, text: "how it ended is not known: no daemon was watching" };
}

/** Ends processes that carry the project's mark and belong to no instance; how many there were. */
export function sweep({ platform, project, log }: SupervisorOptions, runners: Runners): number {
  const kept = new Set(
    [...runners.values()].flatMap(({ current, starting }) => [current?.run, starting]),
  );
  const strays = platform
    .scan(project)
    .filter((found) => !isOurs(found.target) && !kept.has(found.run));
  for (const { target, identity } of strays) {
    const { pid } = identity;
    log.warn("ending a process that belongs to no instance", { target, pid });
    try {
      platform.signal(identity, "SIGKILL");
    } catch (error) {
      log.error("it could not be ended", { target, pid, reason: messageOf(error) });
    }
  }
  return strays.length;
}

function isSame(a: ProcessIdentity | undefined, b: ProcessIdentity | undefined): boolean {
  return a?.pid === b?.pid && a?.startTicks === b?.startTicks && a?.bootId === b?.bootId;
}
