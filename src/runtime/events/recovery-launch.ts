// Begins a run for an entry, and hands over how it went when it is over.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { HealthView } from "../parts/health.ts";
import type { Entry } from "./recovery-cases.ts";
import { begin, nameOf, verifyOf } from "./recovery-run.ts";
import type { About, Voice } from "./recovery-voice.ts";
import type { Registered } from "./registered.ts";
import type { Recipe } from "./step.ts";

export interface LaunchSite {
  readonly clock: Clock;
  readonly log: Log;
  readonly voice: Voice;
  readonly health: HealthView | undefined;
  /** On the disk before the first step, which may be the end of this process. */
  readonly save: () => void;
  /** `error` is undefined when it helped. */
  readonly finish: (entry: Entry, one: Registered, error: string | undefined, about: About) => void;
}

/** A run that was cut off by the end of a process has its steps behind it: only the proof is missing. */
export function launch(site: LaunchSite, entry: Entry, one: Registered): void {
  const { clock, log, voice, health } = site;
  const { event, interrupted } = entry;
  const { settings } = one;
  const { name } = one.recipe;
  const recipe: Recipe = interrupted ? { name, steps: [] } : one.recipe;
  const abort = new AbortController();
  const attempt = entry.state.failures + 1;
  const verify = verifyOf(settings, health, event.source);
  const about = { recipe: name, attempt, verifiedBy: nameOf(verify) };
  const more = interrupted ? { ...about, afterRestart: true as const } : about;
  entry.alarm.off();
  entry.held = false;
  entry.interrupted = false;
  const fromMs = clock.now();
  const tell = (step: (typeof run.steps)[number]): void =>
    voice.step({ event, recipe: name, step });
  const { signal } = abort;
  const run = begin({ event, attempt, recipe, settings, verify, health, clock, log, signal, tell });
  const finished = run.over.then((error) =>
    site.finish(entry, one, error, { ...more, steps: run.steps, tookMs: clock.now() - fromMs }),
  );
  const startedAt = new Date(clock.wall()).toISOString();
  const { endsProcess } = settings;
  entry.run = { ...about, run, event, startedAt, abort, endsProcess, finished };
  site.save();
  voice.started(event, { ...more, steps: [], tookMs: 0 });
}
