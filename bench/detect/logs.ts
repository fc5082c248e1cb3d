// Mining log templates: how well lines are grouped, how fast, in how much memory; and what a look costs.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { hostReader } from "../../src/platforms/linux-host.ts";
import { cutLines } from "../../src/platforms/log/lines.ts";
import { createMiner, type Template } from "../../src/sources/log/drain.ts";
import { createEar } from "../../src/sources/log/ear.ts";
import { createMasker, idOf } from "../../src/sources/log/mask.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { atLeast, atMost, type Figure, shown } from "../table.ts";
import { type LogLine, linesOf, madeUp, ofTools } from "./log-world.ts";

const quickLines = 20_000;
const fullLines = 200_000;

/**
 * Grouping accuracy: the share of lines whose group is exactly that of their true template. Source:
 * Zhu et al., "Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019.
 */
export function groupingAccuracy(
  lines: readonly LogLine[],
  groups: readonly (string | number)[],
): number {
  const count = (keys: readonly (string | number)[]): Map<string | number, number> => {
    const counts = new Map<string | number, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const truth = count(lines.map(({ of }) => of));
  const found = count(groups);
  const both = count(lines.map(({ of }, i) => `${of} ${groups[i]}`));
  const right = lines.filter(({ of }, i) => {
    const size = both.get(`${of} ${groups[i]}`);
    return size === truth.get(of) && size === found.get(groups[i] ?? "");
  });
  return right.length / lines.length;
}

function groupsOf(lines: readonly LogLine[]): readonly string[] {
  const miner = createMiner({ templatesMax: 2_000 });
  const names = new Map<Template, number>();
  return lines.map(({ text }) => {
    const { template } = miner.mine(text, "none");
    names.set(template, names.get(template) ?? names.size);
    return String(names.get(template));
  });
}

const heads = (lines: readonly LogLine[]): readonly LogLine[] =>
  lines.filter(({ text }) => !text.startsWith(" "));

function accuracy(quick: boolean): readonly Figure[] {
  const random = seeded(7);
  const count = quick ? quickLines : fullLines;
  const made = linesOf(madeUp(200, random), count, random);
  const tools = heads(linesOf(ofTools, count / 4, random));
  const masker = createMasker();
  const byMask = made.map(({ text }) => masker.take(text));
  return [
    atLeast(
      "grouping accuracy, 200 made-up templates",
      groupingAccuracy(made, groupsOf(made)),
      0.95,
    ),
    shown("  masks alone, no tree", groupingAccuracy(made, byMask)),
    shown(
      "  first three words",
      groupingAccuracy(
        made,
        made.map(({ text }) => text.split(" ").slice(1, 4).join(" ")),
      ),
    ),
    atLeast(
      "grouping accuracy, formats of nginx, PostgreSQL, Redis, Node.js, pino",
      groupingAccuracy(
        tools,
        groupsOf(tools.map(({ text, of }) => ({ text: messageIn(text), of }))),
      ),
      0.95,
    ),
  ];
}

function messageIn(text: string): string {
  return text.startsWith("{") ? (JSON.parse(text) as { msg: string }).msg : text;
}

/** Kinds of lines that come after the learning: how many are told, and how many that are none. */
function news(quick: boolean): readonly Figure[] {
  const random = seeded(11);
  const all = madeUp(250, random).map((it) => it.replace(/ (?:INFO|WARN) /, " ERROR "));
  const [known, later] = [all.slice(0, 200), all.slice(200)];
  const ear = createEar({ learnMs: 1, from: "warn" });
  const stream = ear.open();
  const hear = (lines: readonly LogLine[]): number => {
    for (const { text } of lines) stream.line(text, true);
    return ear.take(1).freshCount;
  };
  const count = quick ? quickLines : fullLines / 2;
  hear(linesOf(known, count, random));
  const falseNews = hear(linesOf(known, count, random));
  const told = later.filter((template) => hear(linesOf([template], 1, random)) > 0).length;
  return [
    atMost("new kinds told in as many lines of known kinds", falseNews, 3),
    atLeast("share of 50 new kinds that is told at its first line", told / later.length, 0.9),
  ];
}

/** CPU time, best of several: what is measured is the code, not the neighbours. */
function perSecond(count: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 5; turn++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return count / best;
}

function speed(quick: boolean): readonly Figure[] {
  const random = seeded(3);
  const count = quick ? quickLines : fullLines;
  const text = linesOf(madeUp(200, random), count, random).map((it) => it.text);
  const tools = linesOf(ofTools, count, random).map((it) => it.text);
  const json = text.map((it) => JSON.stringify({ level: 30, time: 1, pid: 7, msg: it.slice(25) }));
  const hearing = (lines: readonly string[]): (() => void) => {
    const stream = createEar({ learnMs: 0, from: "warn" }).open();
    return () => {
      for (const line of lines) stream.line(line, true);
    };
  };
  const noise = Array.from({ length: 5_000 }, () =>
    Array.from({ length: 12 }, () => letters(random)).join(" "),
  );
  const bytes = Buffer.from(`${text.join("\n")}\n`);
  const stream = createEar({ learnMs: 0, from: "warn" }).open();
  const reading = (): void => {
    const cutter = cutLines(0, (line) => stream.line(line.text, true));
    for (let at = 0; at < bytes.length; at += 32_768) cutter.push(bytes.subarray(at, at + 32_768));
  };
  return [
    atLeast("text lines a second and core", perSecond(text.length, hearing(text)), 300_000),
    atLeast("lines of tools a second and core", perSecond(tools.length, hearing(tools)), 300_000),
    atLeast("JSON lines a second and core", perSecond(json.length, hearing(json)), 300_000),
    shown("lines of noise a second and core, each of a new kind", perSecond(5_000, hearing(noise))),
    shown("text lines a second and core, cut from bytes", perSecond(text.length, reading)),
  ];
}

function memory(): readonly Figure[] {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const services = 10;
  const random = seeded(5);
  const before = heap(collect);
  // Each has all the templates it may have, and knows all the lines it may know.
  const ears = Array.from({ length: services }, () => {
    const ear = createEar({ learnMs: 0, from: "any" });
    const stream = ear.open();
    for (let n = 0; n < 12_000; n++) {
      const words = Array.from({ length: 24 }, () => letters(random)).join(" ");
      stream.line(
        n % 2 === 0 ? words : `constant words here and a variable ${letters(random)} too`,
        true,
      );
    }
    return ear;
  });
  const perService = (heap(collect) - before) / services / 1_048_576;
  const kinds = ears.reduce((sum, ear) => sum + ear.templates.size, 0) / services;
  const names = new Set([...(ears[0]?.templates ?? [])].map(({ text }) => idOf(text)));
  return [
    atMost("MiB of a service whose log is noise of 24 words", perService, 1),
    shown("  kinds that it holds", kinds),
    shown("  names of kinds that are the same twice", kinds - names.size),
  ];
}

function heap(collect: () => void): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}

function letters(random: () => number): string {
  return Array.from({ length: 7 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join(
    "",
  );
}

function host(): readonly Figure[] {
  const reader = hostReader();
  const looks = 300;
  const rate = perSecond(looks, () => {
    for (let i = 0; i < looks; i++) reader.read();
  });
  reader.close();
  return [atMost("ms of CPU for a look at the machine", 1_000 / rate, 0.5)];
}

export function logs(quick: boolean): readonly Figure[] {
  return [...accuracy(quick), ...news(quick), ...speed(quick), ...memory(), ...host()];
}
