// One registered check under watch: looked at one run at a time, after what it depends on.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { blocked, judged, type Known, type Moment, unseen } from "./judge.ts";
import { type AnyCheck, type Outcome, type Run, startRun } from "./run.ts";
import type { Settings } from "./settings.ts";
import { type CheckState, shown, stateOf } from "./state.ts";
import type { Ticker } from "./ticker.ts";

export interface Around {
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly log: Log;
  find(name: string): Watched | undefined;
  /** Hears of every look, also of one that changed nothing. */
  looked(watched: Watched, before: Known): void;
}

export interface Watched {
  readonly name: string;
  readonly settings: Settings;
  readonly known: Known;
  /** Runs the check, or joins the run that is under way. Never rejects. */
  look(): Promise<void>;
  /** Ends the run that is under way; it counts neither way. */
  cancel(): void;
  state(): CheckState;
}

/** A check that has not come back so long after its time is left behind and run anew. */
const abandonMs = 60_000;

export function watch(name: string, check: AnyCheck, settings: Settings, around: Around): Watched {
  const { clock, log } = around;
  let known = unseen(clock.wall());
  let looking: Promise<void> | undefined;
  let run: Run | undefined;
  let cancels = 0;

  const learn = (next: (at: Moment) => Known): void => {
    const before = known;
    known = next({ nowMs: clock.now(), wallMs: clock.wall() });
    around.looked(watched, before);
  };

  /** True while the check of the last run has not come back, although its time is over. */
  const hangs = (): boolean => {
    if (!run?.pending) return false;
    const found = overdue(run, settings, clock.now());
    if (found === "lost") {
      log.warn("a health check never came back; it is left behind and run anew", { check: name });
      return false;
    }
    if (found !== "early") learn((at) => judged(known, found, settings, at));
    return true;
  };

  const lookOnce = async (): Promise<void> => {
    const begun = cancels;
    const needed = settings.dependsOn.map(around.find).filter((found) => found !== undefined);
    const unknown = needed.filter((each) => each.known.checkedAtMs === undefined);
    await Promise.all(unknown.map((each) => each.look()));
    if (cancels !== begun || hangs()) return;
    const culprit = needed.find(unwell);
    if (culprit) {
      const reason = `not run: depends on "${culprit.name}", which is not healthy`;
      return learn((at) => blocked(known, culprit.name, reason, at));
    }
    const started = startRun(check, settings.timeoutMs, around);
    run = started;
    const outcome = await started.outcome;
    if (outcome === undefined) return;
    const fellow = outcome.status === "unhealthy" ? await blame(needed, started) : undefined;
    if (cancels !== begun) return;
    if (!fellow) return learn((at) => judged(known, outcome, settings, at));
    const reason = `fails as "${fellow.name}" does, on which it depends: ${outcome.reason}`;
    learn((at) => blocked(known, fellow.name, reason, at));
  };

  const watched: Watched = {
    name,
    settings,
    get known() {
      return known;
    },
    look: () => {
      looking ??= lookOnce()
        .catch((error) => log.error("a look at a health check broke", { check: name, error }))
        .finally(() => {
          looking = undefined;
        });
      return looking;
    },
    cancel: () => {
      cancels += 1;
      run?.cancel();
    },
    state: () =>
      stateOf(name, settings, shown(known, settings, clock.now(), looking !== undefined)),
  };
  return watched;
}

/** What to make of a run that is pending at the next look. */
function overdue(run: Run, { timeoutMs }: Settings, nowMs: number): Outcome | "lost" | "early" {
  const ageMs = Math.round(nowMs - run.startedAtMs);
  // It was cancelled by a stop, and the start after that was faster than the check.
  if (ageMs < timeoutMs) return "early";
  if (ageMs > timeoutMs + abandonMs) return "lost";
  const reason = `no answer within ${timeoutMs} ms, and still running after ${ageMs} ms`;
  return { status: "unhealthy", reason, latencyMs: ageMs };
}

/** A failure is the dependency's, if that fails too: it is asked again unless it just was. */
async function blame(needed: readonly Watched[], failed: Run): Promise<Watched | undefined> {
  const old = needed.filter((each) => (each.known.checkedAtMs ?? 0) < failed.startedAtMs);
  await Promise.all(old.map((each) => each.look()));
  return needed.find((each) => each.known.failures > 0 || unwell(each));
}

function unwell({ known }: Watched): boolean {
  return known.status === "unhealthy" || known.blockedBy !== undefined;
}
