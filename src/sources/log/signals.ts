// Readings from the logs of services: lines a second by severity, and kinds of lines that are new.
import { every } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import type { Log } from "../../kernel/log.ts";
import { type Metric, metrics, type Reading, reading } from "../../model/reading.ts";
import { seriesName } from "../../model/series.ts";
import type { Target } from "../../model/target.ts";
import type { Source } from "../source.ts";
import { type Ear, type Fresh, type Heard, type Severity, severities } from "./ear.ts";

export interface LogSignalsOptions {
  readonly ears: () => Iterable<readonly [service: Target, ear: Ear]>;
  /** When an instance of the service was last started, loop time; undefined when none was. */
  readonly startedAtMs: (service: Target) => number | undefined;
  /** So long after a start a new kind of line is expected. */
  readonly calmMs: (service: Target) => number;
  /** How often is looked for new kinds of lines. */
  readonly lookMs: number;
  /** How often figures are told; what they are means over. */
  readonly everyMs: number;
}

/** What was heard of one service since its figures were last told. */
interface Account {
  readonly lines: Record<Severity, number>;
  /** From the first line of it on. */
  readonly seen: Set<Severity>;
  cut: number;
  wasCut: boolean;
  isLearnt: boolean;
  /** Whether it was ever said if there are new kinds of lines. */
  isJudged: boolean;
  isFull: boolean;
  sinceMs: number;
  takenMs: number;
}

export function logSignals(options: LogSignalsOptions): Source {
  const { everyMs, lookMs } = options;
  return {
    name: "log",
    async start({ clock, log, signal, emit }) {
      const accounts = new Map<Target, Account>();
      let lookedMs = clock.now();
      await every(clock, lookMs, signal, () => {
        const nowMs = clock.now();
        const readings: Reading[] = [];
        for (const [service, ear] of options.ears()) {
          const account = accounts.get(service) ?? begin(lookedMs, ear);
          accounts.set(service, account);
          const heard = ear.take(nowMs - account.takenMs);
          account.takenMs = nowMs;
          add(account, heard);
          tellFull(service, ear, account, log);
          const isDue = nowMs - account.sinceMs >= everyMs - lookMs / 2;
          const fresh = freshReading(options, service, heard, ear, nowMs);
          if (fresh && (heard.freshCount > 0 || isDue || !account.isJudged)) {
            account.isJudged = true;
            readings.push(fresh);
            if (heard.freshCount > 0) tellFresh(service, heard.fresh, fresh.value === 0, log);
          }
          if (isDue) readings.push(...figures(service, ear, account, nowMs));
        }
        lookedMs = nowMs;
        if (readings.length > 0) emit(readings);
      });
    },
  };
}

function begin(nowMs: number, ear: Ear): Account {
  const lines = { error: 0, warn: 0, info: 0, debug: 0, none: 0 };
  const at = { sinceMs: nowMs, takenMs: nowMs };
  // How a service errs is worth a zero, too.
  const seen = new Set<Severity>(["error", "warn"]);
  return {
    lines,
    seen,
    cut: 0,
    wasCut: false,
    isLearnt: !ear.isLearning,
    isJudged: false,
    isFull: false,
    ...at,
  };
}

function add(account: Account, { lines, cut }: Heard): void {
  for (const severity of severities) {
    if (lines[severity] > 0) account.seen.add(severity);
    account.lines[severity] += lines[severity];
  }
  account.cut += cut;
}

function tellFull(service: Target, ear: Ear, account: Account, log: Log): void {
  if (ear.isFull === account.isFull) return;
  account.isFull = ear.isFull;
  const kinds = ear.templates.size;
  if (ear.isFull)
    log.warn("more kinds of log lines than are kept: new ones are not told", { service, kinds });
  else log.info("new kinds of log lines are told again", { service, kinds });
}

function tellFresh(service: Target, fresh: readonly Fresh[], isExpected: boolean, log: Log): void {
  for (const { id, template, severity } of fresh) {
    const said = isExpected
      ? "a new kind of log line, as expected after a start"
      : "a new kind of log line";
    log.info(said, { service, severity, template, id });
  }
}

/** None before anything was heard. */
function freshReading(
  { startedAtMs, calmMs }: LogSignalsOptions,
  service: Target,
  { fresh, freshCount }: Heard,
  ear: Ear,
  nowMs: number,
): Reading | undefined {
  if (ear.heardMs === 0 || ear.isLearning || ear.isFull) return undefined;
  const tell = (count: number, note?: string): Reading =>
    reading(service, metrics.logNewTemplates, count, nowMs, note);
  const [first] = fresh;
  if (!first) return tell(0);
  const startedMs = startedAtMs(service);
  const sinceMs = startedMs === undefined ? Number.POSITIVE_INFINITY : nowMs - startedMs;
  if (sinceMs >= calmMs(service)) return tell(freshCount, sentence(first, freshCount, ear));
  const ago = formatDuration(Math.max(0, sinceMs));
  return tell(0, `${freshCount} new, as expected: ${service} was started ${ago} ago`);
}

function sentence({ template, line, severity }: Fresh, count: number, ear: Ear): string {
  const known = `${ear.templates.size - count} kinds known after ${formatDuration(ear.heardMs)}`;
  const more = count > 1 ? `, and ${count - 1} more` : "";
  const said = severity === "none" ? "a line" : `a line of severity ${severity}`;
  const itself = line === template ? "" : `; the line: "${line}"`;
  return `${said} that its log never had (${known}): "${template}"${more}${itself}`;
}

function figures(service: Target, ear: Ear, account: Account, nowMs: number): readonly Reading[] {
  const seconds = (nowMs - account.sinceMs) / 1_000;
  if (seconds <= 0 || ear.heardMs === 0) return [];
  const readings: Reading[] = [];
  const tell = (metric: Metric, value: number): void => {
    readings.push(reading(service, metric, value, nowMs));
  };
  const { lines, cut, seen } = account;
  const looked = severities.reduce((sum, severity) => sum + lines[severity], 0);
  // Those that were not looked at are taken to be like the others.
  const scale = looked > 0 ? (looked + cut) / looked : 1;
  for (const severity of seen) {
    const { name, unit } = metrics.logLines;
    tell({ name: seriesName(name, { severity }), unit }, (lines[severity] * scale) / seconds);
    lines[severity] = 0;
  }
  account.wasCut ||= cut > 0;
  if (account.wasCut) tell(metrics.logCut, cut / seconds);
  tell(metrics.logTemplates, ear.templates.size);
  if (!account.isLearnt) tell(metrics.logLearnt, ear.learnt);
  account.isLearnt ||= !ear.isLearning;
  account.cut = 0;
  account.sinceMs = nowMs;
  return readings;
}
