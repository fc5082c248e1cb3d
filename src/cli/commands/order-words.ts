// Reads an order to an app as it stands on the command line: "feature search off".
import { HomeostatError } from "../../kernel/errors.ts";
import type { Order } from "../../protocol/link.ts";
import { either, nearest, quote } from "../../wiring/words.ts";

export type Words = readonly string[];

/** The daemon says where a capture is written. */
export type OrderWish = Order | Omit<Extract<Order, { readonly kind: "capture" }>, "folder">;

interface Form {
  /** What stands after its name, for people. */
  readonly takes: string;
  readonly count: number;
  /** Whether `--for` belongs to it. */
  readonly span?: boolean;
  readonly read: (words: Words, forMs: number | undefined) => OrderWish;
}

const [captures, states, holds, levels] = [
  ["heap-snapshot", "cpu-profile", "report", "open"],
  ["on", "off", "auto"],
  ["open", "closed", "auto"],
  ["debug", "info", "warn", "error"],
] as const;

const forms: Readonly<Record<string, Form>> = {
  drain: { takes: "", count: 0, read: () => ({ kind: "drain", on: true }) },
  undrain: { takes: "", count: 0, read: () => ({ kind: "drain", on: false }) },
  degrade: {
    takes: "LEVEL",
    count: 1,
    read: ([level = ""]) => ({ kind: "degrade", level: digit(level) }),
  },
  feature: {
    takes: "NAME on|off|auto",
    count: 2,
    span: true,
    read: ([name = "", state = ""], forMs) => {
      const wanted = one("feature", state, states);
      return { kind: "feature", name, state: wanted, ...(forMs === undefined ? {} : { forMs }) };
    },
  },
  breaker: {
    takes: "NAME open|closed|auto",
    count: 2,
    read: ([name = "", state = ""]) => {
      return { kind: "breaker", name, state: one("breaker", state, holds) };
    },
  },
  "log-level": {
    takes: "debug|info|warn|error",
    count: 1,
    read: ([level = ""]) => ({ kind: "log-level", level: one("log-level", level, levels) }),
  },
  capture: {
    takes: "heap-snapshot|cpu-profile|report|open",
    count: 1,
    span: true,
    read: ([what = ""], ms) => {
      const wanted = one("capture", what, captures);
      return { kind: "capture", what: wanted, ...(ms === undefined ? {} : { ms }) };
    },
  },
  do: { takes: "NAME", count: 1, read: ([name = ""]) => ({ kind: "do", name }) },
  recover: {
    takes: "TYPE SOURCE",
    count: 2,
    read: ([type = "", source = ""]) => ({ kind: "recover", type, source }),
  },
};

/** For the help of the command. */
export const orderForms: string = Object.entries(forms)
  .map(([name, { takes, span }]) =>
    `  ${name} ${takes}${span ? " [--for DURATION]" : ""}`.trimEnd(),
  )
  .join("\n");

/** @throws USAGE */
export function orderOf([name = "", ...words]: Words, forMs: number | undefined): OrderWish {
  const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
  if (!form) {
    const best = nearest(name, Object.keys(forms));
    const expected = best === undefined ? `one of ${Object.keys(forms).join(", ")}` : quote(best);
    throw usage(`expected ${expected}, got ${quote(name)}`);
  }
  const { takes, count, span = false, read } = form;
  if (words.length !== count) {
    const got = words.length === 0 ? "nothing" : words.map(quote).join(" ");
    throw usage(`${name}: expected ${takes === "" ? "nothing more" : takes}, got ${got}`);
  }
  if (forMs !== undefined && !span) throw usage(`${name}: it takes no --for`);
  return read(words, forMs);
}

function one<Word extends string>(name: string, given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  throw usage(`${name}: expected ${either(words)}, got ${quote(given)}`);
}

function digit(given: string): number {
  if (/^\d$/.test(given)) return Number(given);
  throw usage(`degrade: expected a whole number from 0 to 9, got ${quote(given)}`);
}

function usage(text: string): HomeostatError {
  return new HomeostatError("USAGE", `order: ${text}`);
}
