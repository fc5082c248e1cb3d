// Listens to the log of one service: counts its lines by severity, and notices a kind it never wrote.
import type { Level } from "../../kernel/log.ts";
import { plain, redact } from "../../kernel/redact.ts";
import { closes, goesOn, levelInText, saidIn } from "../../protocol/log-line.ts";
import { createMiner, type Miner, type Template } from "./drain.ts";
import { idOf } from "./mask.ts";

/** `none`: the line does not say. */
export type Severity = Level | "none";
export const severities: readonly Severity[] = ["error", "warn", "info", "debug", "none"];

export interface EarSettings {
  /** A kind of line is new only after so long of listening. */
  readonly learnMs: number;
  /** From which severity on a new kind of line is told. */
  readonly from: "error" | "warn" | "any";
  readonly templatesMax?: number;
  /** Kinds of lines that are learnt between two times it is asked. Default: all. */
  readonly newMax?: number;
}

/** A kind of line that was not known. */
export interface Fresh {
  /** See `idOf`. */
  readonly id: string;
  readonly template: string;
  /** The line itself, without secrets. */
  readonly line: string;
  readonly severity: Severity;
}

/** What was heard since it was last asked for. */
export interface Heard {
  /** An entry of several lines, such as a stack trace, counts once. */
  readonly lines: Readonly<Record<Severity, number>>;
  /** Lines that were only counted: there were too many. */
  readonly cut: number;
  /** At most `freshMax`; the rest is in `freshCount`. */
  readonly fresh: readonly Fresh[];
  readonly freshCount: number;
}

export interface Kept {
  readonly heardMs: number;
  readonly templates: readonly (readonly [severity: string, count: number, text: string])[];
}

/** One file, or what one instance writes. */
export interface Stream {
  /** `counts` is false for what was written before anyone listened: its time is not known. */
  line(text: string, counts: boolean): void;
}

export interface Ear {
  open(): Stream;
  /** Lines that nobody looked at. */
  cut(lines: number): void;
  /** Once in a while, with the time since the last time. */
  take(elapsedMs: number): Heard;
  /** How long it has listened, since the first line. */
  readonly heardMs: number;
  /** Whether all that comes is only learnt, and how much of that is done, 0…1. */
  readonly isLearning: boolean;
  readonly learnt: number;
  /** Kinds of lines had to be forgotten for others not long ago: what is new is not known. */
  readonly isFull: boolean;
  readonly templates: ReadonlySet<Template>;
  /** Grows when there is something new to keep. */
  readonly changes: number;
  keep(): Kept;
}

const freshMax = 8;
/** Of a line, when it is shown. */
const shownMax = 240;

export function createEar(settings: EarSettings, kept?: Kept): Ear {
  const miner = createMiner(settings);
  for (const [severity, count, text] of kept?.templates ?? []) {
    miner.restore(text, severity, count);
  }
  const isTold = (severity: Severity): boolean =>
    settings.from === "any" || severity === "error" || severity === settings.from;
  let lines = noLines();
  let fresh: Fresh[] = [];
  let [cut, freshCount, changes] = [0, 0, 0];
  let heardMs = kept?.heardMs ?? 0;
  let hasHeard = heardMs > 0;
  let [evicted, fullUntilMs] = [0, 0];
  const isLearning = (): boolean => heardMs < settings.learnMs;
  const isFull = (): boolean => heardMs < fullUntilMs;

  const entry = (text: string, counts: boolean): void => {
    hasHeard = true;
    const { template, isNew } = mineEntry(miner, text);
    const severity = template.severity as Severity;
    if (counts) lines[severity] += 1;
    if (!isNew) return;
    changes += 1;
    if (isLearning() || isFull() || !isTold(severity)) return;
    freshCount += 1;
    if (fresh.length >= freshMax) return;
    const line = shown(redact(plain(text)));
    const { text: shape } = template;
    fresh.push({ id: idOf(shape), template: shown(shape), line, severity });
  };
  return {
    open: () => streamOf(entry),
    cut: (count) => {
      cut += count;
    },
    take: (elapsedMs) => {
      if (hasHeard) heardMs += elapsedMs;
      miner.turn();
      // So long as it takes to learn what is usual, what was forgotten may come again.
      if (miner.evicted > evicted) fullUntilMs = heardMs + settings.learnMs;
      evicted = miner.evicted;
      const heard = { lines, cut, fresh, freshCount };
      lines = noLines();
      fresh = [];
      cut = 0;
      freshCount = 0;
      return heard;
    },
    get heardMs() {
      return heardMs;
    },
    get isLearning() {
      return isLearning();
    },
    get learnt() {
      return settings.learnMs > 0 ? Math.min(1, heardMs / settings.learnMs) : 1;
    },
    get isFull() {
      return isFull();
    },
    templates: miner.templates,
    get changes() {
      return changes;
    },
    keep: () => ({
      heardMs: Math.round(heardMs),
      templates: [...miner.templates].map((it) => [it.severity, it.count, it.text] as const),
    }),
  };
}

/** Puts together what belongs together; all but a traceback is known by its first line. */
function streamOf(entry: (text: string, counts: boolean) => void): Stream {
  let first = "";
  return {
    line: (text, counts) => {
      if (text === "" || goesOn(text)) return;
      const isLast = closes(first, text);
      first = isLast ? "" : text;
      // What a Python traceback is about stands at its end.
      if (isLast || !text.startsWith("Traceback ")) entry(text, counts);
    },
  };
}

function mineEntry(miner: Miner, text: string): ReturnType<Miner["mine"]> {
  const said = text.charCodeAt(0) === 123 ? saidIn(text) : undefined;
  if (!said) return miner.mine(text, () => levelInText(plain(text)) ?? "none");
  const { message, level } = said;
  return miner.mine(message, level ?? levelInText(message) ?? "none");
}

function noLines(): Record<Severity, number> {
  return { error: 0, warn: 0, info: 0, debug: 0, none: 0 };
}

function shown(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}
