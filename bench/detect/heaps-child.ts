// A Node process with one way to use its heap; a tick of 20 ms stands for a minute of a real one.
import { EventEmitter } from "node:events";
import { seeded } from "../../src/testing/seeded.ts";

const [name = "", minutes = "0"] = process.argv.slice(2);
const random = seeded(11 + name.length);
const day = 1_440;

/** An object of about so many bytes on the heap. */
const thing = (bytes: number): number[] => new Array<number>(bytes >> 3).fill(random());
let sink: unknown;
/** What every request leaves to the collector. */
const garbage = (kib: number): void => {
  for (let i = 0; i < kib; i += 4) sink = thing(4_096);
};
const wave = (at: number): number => 1 - Math.cos((2 * Math.PI * at) / day);

const held: unknown[] = [];
const table = new Map<number, unknown>();
const bus = new EventEmitter().setMaxListeners(0);
const put = (key: number, bytes: number, most: number): void => {
  table.set(key, thing(bytes));
  while (table.size > most) table.delete(table.keys().next().value ?? 0);
};
const closure = (bytes: number): (() => number) => {
  const kept = thing(bytes);
  return () => kept.length;
};

/** What it does in each minute. */
const programs: Readonly<Record<string, (at: number) => void>> = {
  "leak-closures-slow": (at) => {
    garbage(128);
    if (at % 2 === 0) held.push(closure(32_768));
  },
  "leak-closures-quick": () => {
    garbage(64);
    held.push(closure(65_536));
  },
  "leak-map": (at) => {
    garbage(128);
    table.set(at, thing(36_000));
  },
  "leak-map-with-days": (at) => {
    garbage(Math.round(64 * wave(at)));
    for (let i = 0; i < 2 * wave(at); i++) table.set(at * 8 + i, thing(20_000));
  },
  "leak-buffers": (at) => {
    garbage(64);
    held.push(Buffer.alloc(24_576, at));
  },
  "leak-buffers-in-steps": (at) => {
    garbage(64);
    if (at % 90 === 0) for (let i = 0; i < 40; i++) held.push(Buffer.alloc(65_536, at));
  },
  "leak-listeners": (at) => {
    garbage(96);
    const kept = thing(28_000);
    bus.on("change", () => kept[at]);
  },
  "leak-strings": (at) => {
    garbage(64);
    table.set(at, `${at}-`.repeat(8_000).split("").reverse().join(""));
  },
  "leak-late": (at) => {
    garbage(128);
    if (at > 1_500) held.push(closure(90_000));
  },
  "leak-accelerating": (at) => {
    garbage(96);
    for (let i = 0; i < at / 500; i++) held.push(thing(14_000));
  },
  "leak-under-collections": () => {
    garbage(1_024);
    held.push(thing(28_000));
  },
  "leak-after-each-batch": (at) => {
    garbage(64);
    if (at % 240 < 30) for (let i = 0; i < 3; i++) held.push(thing(70_000));
  },
  "well-idle": () => garbage(16),
  "well-requests": () => garbage(768),
  "well-cache-with-bound": (at) => {
    garbage(64);
    put(at, 40_000, 600);
  },
  "well-cache-slow-to-fill": (at) => {
    garbage(64);
    put(at, 30_000, 2_000);
  },
  "well-cache-emptied-each-6-hours": (at) => {
    garbage(96);
    if (at % 360 === 0) table.clear();
    table.set(at, thing(100_000));
  },
  "well-days": (at) => {
    garbage(Math.round(128 * wave(at)));
    put(at, 8_000, 50 + Math.round(1_800 * wave(at)));
  },
  "well-bursts": (at) => {
    garbage(32);
    if (random() < 0.01) for (let i = 0; i < 500; i++) put(at * 1_000 + i, 40_000, 1_000);
    if (at % 10 === 0) table.clear();
  },
  "well-batch-each-night": (at) => {
    garbage(32);
    if (at % day > 200 && at % day < 320) held.push(thing(200_000));
    else held.length = 0;
  },
  "well-batch-each-hour": (at) => {
    garbage(32);
    if (at % 60 < 12) held.push(thing(800_000));
    else held.length = 0;
  },
  "well-buffers": (at) => {
    garbage(16);
    for (let i = 0; i < 8; i++) held.push(Buffer.alloc(65_536, at));
    if (held.length > 400) held.splice(0, 200);
  },
  "well-sessions": (at) => {
    garbage(64);
    for (let i = 0; i < 1 + 2 * random() * wave(at); i++) table.set(at * 8 + i, thing(16_000));
    for (const key of table.keys()) {
      if (key / 8 > at - 180) break;
      table.delete(key);
    }
  },
  "well-loads-late": (at) => {
    garbage(96);
    if (at === 700 || at === 1_900) for (let i = 0; i < 300; i++) held.push(thing(60_000));
  },
};

const program = programs[name];
if (!program) {
  console.log(JSON.stringify(Object.keys(programs)));
} else {
  /** In units of 128 KiB, each from the one before. */
  const samples: number[] = [];
  let before = 0;
  const timer = setInterval(() => {
    program(samples.length);
    const now = Math.round(process.memoryUsage.rss() / 131_072);
    samples.push(now - before);
    before = now;
    if (samples.length < Number(minutes) && before < 2_400) return;
    clearInterval(timer);
    console.log(JSON.stringify(samples));
    process.exit(sink === held ? 1 : 0);
  }, 20);
}
