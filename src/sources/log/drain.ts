// Finds the templates of log lines while they come, after Drain, in bounded memory.
import { plain, redact } from "../../kernel/redact.ts";
import { anything, createMasker } from "./mask.ts";

/**
 * A shape of lines, and how many there were. Source: He, Zhu, Zheng, Lyu: "Drain: An Online Log
 * Parsing Approach with Fixed Depth Tree", ICWS 2017. What differs here: the tree asks for the
 * severity, too; its words are the first two that are not masked all over, and a line that has
 * another one of them must be more alike; what is masked on both sides speaks neither for nor against
 * a match; a line whose masked text was seen before is found by its number, without the tree.
 */
export interface Template {
  /** With {@link anything} for each word that changes. */
  readonly text: string;
  readonly severity: string;
  readonly count: number;
}

export interface Mined {
  readonly template: Template;
  /** No line of this shape was known. */
  readonly isNew: boolean;
}

export interface MinerOptions {
  /** Default 500; the one that was not seen for longest goes. */
  readonly templatesMax?: number;
  /** Of what comes in one turn, so many are learnt: to mask secrets costs more than all the rest. */
  readonly newMax?: number;
}

export interface Miner {
  /** `severity` is asked only of a line whose like was not seen before, unless it is text itself. */
  mine(line: string, severity: string | (() => string)): Mined;
  /** One that was known before a restart. */
  restore(text: string, severity: string, count: number): void;
  /** What is seen from now on is newer. */
  turn(): void;
  readonly templates: ReadonlySet<Template>;
  /** How many were given up for others. */
  readonly evicted: number;
}

/** Of the words that are not masked on both sides, so many must be equal … */
const similarity = 0.7;
/** … and so many when one of the first two is another: a name, say, and no other kind of line. */
const similarityApart = 0.8;
/** Masked lines that are known by their number. */
const knownMax = 2_048;
const defaultMax = 500;

interface Held extends Template {
  text: string;
  count: number;
  /** A number for each word, 0 for {@link anything}: a tenth of the room that words take. */
  readonly marks: number[];
  /** The turn in which it was seen last. */
  seen: number;
  isGone: boolean;
  readonly place: string;
  readonly shape: string;
}

export function createMiner(options: MinerOptions = {}): Miner {
  const { templatesMax = defaultMax, newMax = Number.POSITIVE_INFINITY } = options;
  const masker = createMasker();
  const known = new Map<number, Held>();
  const forest = createForest(templatesMax);
  let [turns, added] = [0, 0];

  /** What is kept of a line has no secrets. */
  const learn = (line: string, severity: string): readonly [Held, isNew: boolean] => {
    const words = masker.words();
    const found = forest.find(words, severity);
    if (found) return [found, false];
    if (added >= newMax) return [{ ...none, severity }, false];
    added += 1;
    const clean = redact(plain(line));
    if (clean === line) return [forest.add(words, severity, 0), true];
    masker.take(clean);
    const without = masker.words();
    const same = forest.find(without, severity);
    return [same ?? forest.add(without, severity, 0), same === undefined];
  };
  return {
    templates: forest.templates,
    get evicted() {
      return forest.evicted;
    },
    mine: (line, severity) => {
      // Of lines that say their severity apart, the same text may have another one.
      const apart = typeof severity === "string" ? severity.charCodeAt(0) * 2 ** 42 : 0;
      const number = masker.take(line) + apart;
      const before = known.get(number);
      const [template, isNew] =
        before && !before.isGone
          ? [before, false]
          : learn(line, typeof severity === "string" ? severity : severity());
      template.count += 1;
      template.seen = turns;
      if (template !== before && template.text !== "") {
        if (known.size >= knownMax) known.clear();
        known.set(number, template);
      }
      return { template, isNew };
    },
    restore: (text, severity, count) => {
      if (forest.templates.size < templatesMax) forest.add(text.split(" "), severity, count);
    },
    turn: () => {
      turns += 1;
      added = 0;
    },
  };
}

interface Forest {
  readonly templates: ReadonlySet<Held>;
  readonly evicted: number;
  find(words: readonly string[], severity: string): Held | undefined;
  add(words: readonly string[], severity: string, count: number): Held;
}

/** Holds the templates where lines of their shape look for them. */
function createForest(templatesMax: number): Forest {
  /** Severity, count of words and the first two words are one key. */
  const leaves = new Map<string, Held[]>();
  /** All of one severity and count of words. */
  const alike = new Map<string, Held[]>();
  const templates = new Set<Held>();
  let evicted = 0;

  const forget = (): void => {
    let oldest: Held | undefined;
    for (const one of templates) if (!oldest || one.seen < oldest.seen) oldest = one;
    if (!oldest) return;
    oldest.isGone = true;
    templates.delete(oldest);
    evicted += 1;
    unhang(leaves, oldest.place, oldest);
    unhang(alike, oldest.shape, oldest);
  };
  return {
    templates,
    get evicted() {
      return evicted;
    },
    find: (words, severity) => {
      const marks = words.map(markOf);
      const best =
        bestOf(leaves.get(placeOf(words, severity)), marks, similarity) ??
        bestOf(alike.get(shapeOf(words, severity)), marks, similarityApart);
      if (best) generalise(best, marks);
      return best;
    },
    add: (words, severity, count) => {
      if (templates.size >= templatesMax) forget();
      const [place, shape] = [placeOf(words, severity), shapeOf(words, severity)];
      const template: Held = {
        ...{ text: words.join(" "), severity, count, marks: words.map(markOf) },
        ...{ seen: 0, isGone: false, place, shape },
      };
      templates.add(template);
      hang(leaves, place, template);
      hang(alike, shape, template);
      return template;
    },
  };
}

/** Of a line for which there was no time; it is in no set. */
const none: Held = {
  ...{ text: "", severity: "", count: 0, marks: [] },
  ...{ seen: 0, isGone: false, place: "", shape: "" },
};

/** The template that fits without a change, with the most equal words; else the most similar one. */
function bestOf(
  leaf: readonly Held[] = [],
  marks: readonly number[],
  least: number,
): Held | undefined {
  let best: Held | undefined;
  let most = 0;
  for (const template of leaf) {
    const score = scoreOf(template.marks, marks);
    if (score <= most || score < least) continue;
    best = template;
    most = score;
  }
  return best;
}

/** The share of equal words; over 1 when nothing has to be generalised. */
function scoreOf(template: readonly number[], marks: readonly number[]): number {
  let [equal, other, free] = [0, 0, 0];
  for (let i = 0; i < template.length; i++) {
    const mine = template[i];
    if (mine === marks[i]) equal += mine === 0 ? 0 : 1;
    else if (mine === 0) free += 1;
    else other += 1;
  }
  if (other === 0) return 2 + equal;
  return equal / (equal + other + free);
}

function generalise(template: Held, marks: readonly number[]): void {
  const { marks: mine } = template;
  let words: string[] | undefined;
  for (const [i, mark] of marks.entries()) {
    if (mine[i] === mark || mine[i] === 0) continue;
    words ??= template.text.split(" ");
    words[i] = anything;
    mine[i] = 0;
  }
  if (words) template.text = words.join(" ");
}

/** 31 bits, so that it takes no room of its own; 0 only for {@link anything}. */
function markOf(word: string): number {
  if (word === anything) return 0;
  let mark = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) mark = Math.imul(mark ^ word.charCodeAt(i), 0x01000193);
  return (mark >>> 1) | 1;
}

function placeOf(words: readonly string[], severity: string): string {
  const [first = "", second = ""] = words.filter((word) => word !== anything);
  return `${shapeOf(words, severity)} ${first} ${second}`;
}

function shapeOf(words: readonly string[], severity: string): string {
  return `${severity} ${words.length}`;
}

function hang(leaves: Map<string, Held[]>, place: string, template: Held): void {
  const leaf = leaves.get(place);
  if (leaf) leaf.push(template);
  else leaves.set(place, [template]);
}

function unhang(leaves: Map<string, Held[]>, place: string, template: Held): void {
  const leaf = leaves.get(place) ?? [];
  leaf.splice(leaf.indexOf(template), 1);
  if (leaf.length === 0) leaves.delete(place);
}
