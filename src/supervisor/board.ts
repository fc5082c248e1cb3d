// What is known of each service that others wait for: ready, started, completed, what it has logged.
import { serviceOf, type Target } from "../model/target.ts";
import type { Condition } from "./condition.ts";
import type { Runner } from "./runner.ts";
import type { Past, SupervisorOptions } from "./spec.ts";

export interface Board {
  /** Undefined: where the run begins in its log is not known. */
  noteStart(target: Target, run: string, fromByte: number | undefined): void;
  /** `completed`: it was a job, and has done its work. */
  noteEnd(target: Target, text: string, completed: boolean): void;
  /** What the journal knows of jobs. */
  remember(past: Past): void;
  isMet(service: string, condition: Condition): boolean;
  /** Why it may take long: "its last run ended: exit code 1". */
  noteOf(service: string): string | undefined;
}

/** A line that a run of an earlier daemon wrote is looked for in so much of the end of its log. */
const adoptedBytes = 262_144;

interface Reading {
  readonly run: string;
  readonly atByte: number;
  readonly found: boolean;
}

type Parts = Pick<SupervisorOptions, "logFile" | "endOfFile" | "readLog" | "externalReady">;

export function createBoard(
  options: Parts,
  runners: ReadonlyMap<Target, Runner>,
  ready: ReadonlySet<Target>,
): Board {
  const runs = new Map<Target, { readonly run: string; readonly fromByte: number | undefined }>();
  const ends = new Map<string, string>();
  const completed = new Set<string>();
  const readings = new Map<string, Reading>();

  const endOf = (target: Target): number => options.endOfFile?.(options.logFile(target)) ?? 0;
  const hasLogged = (target: Target, text: string): boolean => {
    const of = runs.get(target);
    if (!of || !options.readLog) return false;
    const key = `${target} ${text}`;
    const held = readings.get(key);
    // Of one that was taken over: most are never asked.
    const from = of.fromByte ?? Math.max(0, endOf(target) - adoptedBytes);
    const before = held?.run === of.run ? held : { run: of.run, atByte: from, found: false };
    if (before.found) return true;
    const { text: more, toByte } = options.readLog(options.logFile(target), before.atByte);
    const found = more.includes(text);
    readings.set(key, { run: of.run, atByte: toByte, found });
    return found;
  };
  const some = (service: string, fits: (target: Target) => boolean): boolean => {
    for (const target of runners.keys()) {
      if (serviceOf(target) === service && fits(target)) return true;
    }
    return false;
  };
  return {
    noteStart: (target, run, fromByte) => {
      runs.set(target, { run, fromByte });
      ends.delete(serviceOf(target));
    },
    noteEnd: (target, text, hasCompleted) => {
      ends.set(serviceOf(target), text);
      if (hasCompleted) completed.add(serviceOf(target));
    },
    remember: ({ completed: before = new Set() }) => {
      for (const service of before) completed.add(service);
    },
    isMet: (service, condition) => {
      if (condition === "completed") return completed.has(service);
      if (condition === "ready") {
        return options.externalReady?.(service) ?? some(service, (target) => ready.has(target));
      }
      if (condition === "started") {
        return completed.has(service) || some(service, (target) => runs.has(target));
      }
      return some(service, (target) => hasLogged(target, condition.logged));
    },
    noteOf: (service) => {
      const text = ends.get(service);
      return text === undefined ? undefined : `its last run ended: ${text}`;
    },
  };
}
