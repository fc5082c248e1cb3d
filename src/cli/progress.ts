// How a step that takes its time is shown: rows that change in place on a terminal, lines elsewhere.
import { stdout } from "node:process";
import { cut, say } from "./print.ts";

export interface Row {
  readonly name: string;
  /** One word: a new one is a line of its own where nothing can change in place. */
  readonly word: string;
  /** As it looks on a terminal, without what turns. */
  readonly text: string;
  readonly state: "waits" | "works" | "done" | "bad";
}

export interface Progress {
  show(rows: readonly Row[]): void;
  /** Takes the rows away again. */
  end(): void;
}

const turning = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const turnMs = 100;

export function progress(quiet = false): Progress {
  if (quiet) return { show: () => {}, end: () => {} };
  const isTerminal = stdout.isTTY === true && process.env.TERM !== "dumb";
  return isTerminal ? inPlace() : asLines();
}

function asLines(): Progress {
  const words = new Map<string, string>();
  return {
    show: (rows) => {
      for (const { name, word } of rows) {
        const before = words.get(name);
        words.set(name, word);
        if (before !== undefined && before !== word) say(`  ${name} ${word}`);
      }
    },
    end: () => {},
  };
}

function inPlace(): Progress {
  let rows: readonly Row[] = [];
  let drawn = 0;
  let turn = 0;
  const draw = (): void => {
    const { rows: height = 24, columns = 80 } = stdout;
    // Those that still have something to do come first when the screen is too small for all.
    const order = rows.length < height - 1 ? rows : rows.toSorted(byState);
    const shown = order.slice(0, Math.max(1, height - 2));
    const lines = shown.map((row) => cut(`  ${markOf(row, turn)} ${row.text}`, columns - 1));
    const more = rows.length - shown.length;
    if (more > 0) lines.push(`    … and ${more} more`);
    erase();
    stdout.write(`${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const erase = (): void => {
    if (drawn > 0) stdout.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const timer = setInterval(() => {
    turn += 1;
    if (rows.length > 0) draw();
  }, turnMs);
  stdout.write("\u001b[?25l");
  const visible = (): void => void stdout.write("\u001b[?25h");
  process.once("exit", visible);
  return {
    show: (next) => {
      rows = next;
      draw();
    },
    end: () => {
      clearInterval(timer);
      erase();
      visible();
      process.off("exit", visible);
    },
  };
}

const ranks = { bad: 0, works: 1, waits: 2, done: 3 } as const;

function byState(a: Row, b: Row): number {
  return ranks[a.state] - ranks[b.state];
}

function markOf({ state }: Row, turn: number): string {
  if (state === "works") return turning[turn % turning.length] ?? "";
  return state === "done" ? "✔" : state === "bad" ? "✖" : "·";
}
