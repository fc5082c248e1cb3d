// What a recovery says, on the bus and in the log; saying never throws.
import { formatDuration } from "../../kernel/duration.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { AppEvent, Bus, Severity } from "../parts/bus.ts";
import { type RecoveryTold, type StepTold, suffixes } from "./recovery-options.ts";

export type About = Omit<RecoveryTold, "event">;

export interface Voice {
  started(event: AppEvent, about: About): void;
  step(told: StepTold): void;
  recovered(event: AppEvent, about: About): void;
  /** It is well without a run; told where a failed recovery was told before. */
  healed(event: AppEvent, recipe: string, why: string, failedBefore: boolean): void;
  failed(event: AppEvent, about: About): void;
  /** `failures` runs in a row did not help: no more are begun. */
  givenUp(event: AppEvent, failures: number): void;
  noRoom(event: AppEvent): void;
  /** Says once for each type that nothing is done about it. */
  missed(type: string): void;
  readonly missing: readonly string[];
}

/** Types without a recovery that are remembered. */
const missingMax = 1_000;

export function createVoice(bus: Bus, log: Log): Voice {
  const missing = new Set<string>();

  const publish = (event: AppEvent, suffix: string, severity: Severity, data: unknown): void => {
    try {
      bus.publish({ type: event.type + suffix, source: event.source, severity, data });
    } catch (error) {
      log.error(`an event of a recovery could not be told: ${messageOf(error)}`, { error });
    }
  };
  const fieldsOf = ({ type, source }: AppEvent, { recipe, attempt }: About) => {
    return { type, source, recipe, attempt };
  };

  return {
    started: (event, about) => {
      const what = about.afterRestart ? "is looked at after a restart" : "begins";
      log.warn(`recovery ${what}`, fieldsOf(event, about));
      publish(event, suffixes.started, "warning", { event, ...about });
    },
    step: (told) => {
      const { name, outcome, error } = told.step;
      log.info(`recovery step ${outcome}`, {
        step: name,
        ...(error === undefined ? {} : { error }),
      });
      publish(told.event, suffixes.step, "info", told);
    },
    recovered: (event, about) => {
      const tookMs = Math.round(about.tookMs);
      const { verifiedBy } = about;
      log.info("recovered", { ...fieldsOf(event, about), tookMs, verifiedBy });
      publish(event, suffixes.recovered, "info", { event, ...about });
    },
    healed: (event, recipe, why, failedBefore) => {
      log.info(`no recovery is needed: ${why}`, { type: event.type, source: event.source });
      const about = { recipe, attempt: 0, steps: [], tookMs: 0, verifiedBy: why, byItself: true };
      if (failedBefore) publish(event, suffixes.recovered, "info", { event, ...about });
    },
    failed: (event, about) => {
      const { nextInMs, error } = about;
      const next = nextInMs === undefined ? "" : `; next try in ${formatDuration(nextInMs)}`;
      log.error(`recovery failed: ${error}${next}`, fieldsOf(event, about));
      publish(event, suffixes.failed, "critical", { event, ...about });
    },
    givenUp: ({ type, source }, failures) =>
      log.error("a failure keeps coming back and is left to people", { type, source, failures }),
    noRoom: ({ type, source }) =>
      log.error("too many failures at once: one is not recovered from", { type, source }),
    missed: (type) => {
      if (!type.endsWith(".failure") || missing.has(type) || missing.size >= missingMax) return;
      missing.add(type);
      log.warn("a failure has no recovery registered; this is said once", { type });
    },
    get missing() {
      return [...missing];
    },
  };
}
