// An answer of the app under test, read whole, with assertions that say where, what and what instead.
import { HomeostatError } from "../../kernel/errors.ts";
import { plain, redact } from "../../kernel/redact.ts";
import { type Fields, fill, formIn } from "./form.ts";
import { tokenIn } from "./html.ts";

export interface SubmitOptions {
  /** A selector, `#login` or `form[action="/login"]`; the first form if left out. */
  readonly form?: string;
  /** The name of the button that is pressed; the first one if left out. */
  readonly button?: string;
}

/** Each `expect…` answers the page itself and throws ACTION_FAILED with URL, expected and got. */
export interface Page {
  readonly method: string;
  /** Where the answer came from, redirects followed. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Milliseconds from the first request to the last byte, redirects included. */
  readonly latencyMs: number;
  /** The URLs that redirected here, in their order. */
  readonly redirects: readonly string[];
  json(): unknown;
  expectStatus(...statuses: readonly number[]): Page;
  /** All of them are there. */
  expectText(...texts: readonly (string | RegExp)[]): Page;
  /** At least one of them is there. */
  expectAnyText(...texts: readonly (string | RegExp)[]): Page;
  /** None of them is there. */
  expectNoText(...texts: readonly (string | RegExp)[]): Page;
  /** The body is JSON and has at least what `expected` has; a function answers whether it fits. */
  expectJson(expected: unknown | ((body: unknown) => boolean)): Page;
  /** The path (with the query, where `expected` has one) that the redirects led to. */
  expectPath(expected: string | RegExp): Page;
  expectHeader(name: string, expected: string | RegExp): Page;
  /** The token of the page, by the name of its input or meta tag, by a selector, or the usual one. */
  csrf(nameOrSelector?: string): string;
  /** Fills a form of the page and sends it, hidden fields included, as a browser would. */
  submit(fields?: Fields, options?: SubmitOptions): Promise<Page>;
}

export interface Answer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly latencyMs: number;
  readonly redirects: readonly string[];
}

export type Send = (
  method: string,
  url: string,
  body?: URLSearchParams | FormData,
) => Promise<Page>;

const longestSnippet = 160;
const deepest = 32;

export function createPage(answer: Answer, send: Send): Page {
  const { method, url, status, headers, text } = answer;
  const fail = (expected: string, got: string): never => failed(`${method} ${url}`, expected, got);
  const has = (wanted: string | RegExp): boolean =>
    typeof wanted === "string" ? text.includes(wanted) : text.search(wanted) >= 0;
  const json = (): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return fail("a JSON body", snippet(text));
    }
  };

  const page: Page = {
    ...answer,
    json,
    expectStatus: (...statuses) => {
      if (statuses.includes(status)) return page;
      return fail(`status ${statuses.join(" or ")}`, `${status} with ${snippet(text)}`);
    },
    expectText: (...texts) => {
      const missing = texts.find((wanted) => !has(wanted));
      return missing === undefined ? page : fail(`text ${shown(missing)}`, snippet(text));
    },
    expectAnyText: (...texts) => {
      if (texts.some(has)) return page;
      return fail(`text ${texts.map(shown).join(" or ")}`, snippet(text));
    },
    expectNoText: (...texts) => {
      const there = texts.find(has);
      return there === undefined ? page : fail(`no text ${shown(there)}`, snippet(text));
    },
    expectJson: (expected) => {
      const body = json();
      if (typeof expected === "function") {
        return expected(body) ? page : fail("a JSON body that fits", snippet(text));
      }
      const odd = difference(body, expected, "body", 0);
      return odd === undefined ? page : fail(`${odd.at} ${shown(odd.expected)}`, shown(odd.got));
    },
    expectPath: (expected) => {
      const { pathname, search } = new URL(url);
      const whole = pathname + search;
      const path = typeof expected === "string" && !expected.includes("?") ? pathname : whole;
      const fits = typeof expected === "string" ? path === expected : whole.search(expected) >= 0;
      return fits ? page : fail(`path ${shown(expected)}`, whole);
    },
    expectHeader: (name, expected) => {
      const value = headers.get(name) ?? "";
      const fits = typeof expected === "string" ? value === expected : value.search(expected) >= 0;
      return fits ? page : fail(`header ${name}: ${shown(expected)}`, shown(value));
    },
    csrf: (nameOrSelector) =>
      tokenIn(text, nameOrSelector) ??
      fail(`a token ${nameOrSelector ?? "under one of the usual names"}`, snippet(text)),
    submit: async (fields = {}, options = {}) => {
      const form = formIn(text, options.form);
      if (!form) return fail(`a form ${options.form ?? ""}`.trim(), snippet(text));
      const filled = fill(form, fields, options.button);
      if ("wrong" in filled) return fail(filled.wrong, "no such thing");
      const target = new URL(form.action || url, url);
      if (form.method === "GET") {
        target.search = new URLSearchParams(filled.entries).toString();
        return send("GET", target.href);
      }
      return send("POST", target.href, bodyOf(filled.entries, form.multipart));
    },
  };
  return page;
}

/** @throws ACTION_FAILED always, with `details` of the three parts. */
export function failed(where: string, expected: string, got: string): never {
  throw new HomeostatError("SYNTHETIC_FAILED", `${where}: expected ${expected}, got ${got}`, {
    details: { where, expected, got },
  });
}

function bodyOf(entries: [string, string][], multipart: boolean): URLSearchParams | FormData {
  if (!multipart) return new URLSearchParams(entries);
  const body = new FormData();
  for (const [name, value] of entries) body.append(name, value);
  return body;
}

/** One short line of a body, without secrets: it goes into logs. */
export function snippet(text: string): string {
  const line = redact(plain(text.slice(0, longestSnippet * 4)))
    .replace(/\s+/g, " ")
    .trim();
  const cut = line.length > longestSnippet ? `${line.slice(0, longestSnippet)}…` : line;
  return text === "" ? "an empty body" : JSON.stringify(cut);
}

function shown(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestSnippet ? `${text.slice(0, longestSnippet)}…` : text;
}

interface Difference {
  readonly at: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** Where `got` lacks what `expected` has; an array has to be as long as the one expected. */
function difference(
  got: unknown,
  expected: unknown,
  at: string,
  depth: number,
): Difference | undefined {
  if (Object.is(got, expected)) return undefined;
  const here = { at, expected, got };
  if (!isObject(got) || !isObject(expected) || depth > deepest) return here;
  if (Array.isArray(got) !== Array.isArray(expected)) return here;
  if (Array.isArray(got) && Array.isArray(expected) && got.length !== expected.length) return here;
  for (const [key, value] of Object.entries(expected)) {
    const inner = Array.isArray(expected) ? `${at}[${key}]` : `${at}.${key}`;
    const has = Object.hasOwn(got, key);
    const found = difference(has ? got[key] : undefined, value, inner, depth + 1);
    if (found) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
