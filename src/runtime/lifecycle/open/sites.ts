// Where something was created: the app's own lines of a stack, taken cheaply and read when asked.
import { fileURLToPath } from "node:url";
import { isOwnFile } from "../../parts/own-files.ts";

/** Node's own frames stand above those of the app: over thirty of them above a `fetch`. */
const deepest = 60;

/** Lines that are shown at most, the nearest first. */
const shown = 3;

/** A stack that becomes text only when somebody reads it. */
export interface Site {
  readonly stack?: unknown;
}

/**
 * The stack of whoever called `above`. Taking it costs microseconds, reading it ten times that; it
 * keeps the functions on the stack from being collected for as long as it is kept.
 */
export function siteAbove(above: (...given: never[]) => unknown): Site {
  const site: Site = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = deepest;
  try {
    Error.captureStackTrace(site, above);
  } finally {
    Error.stackTraceLimit = limit;
  }
  return site;
}

/**
 * `openPool (/app/db.ts:12:7)`. When a library created it, its line comes first and then that of the
 * app that called it: `connect (/app/node_modules/pg/…) < openPool (/app/db.ts:12:7)`. Undefined
 * when only Node itself is on the stack.
 */
export function describeSite(site: Site): string | undefined {
  const frames = framesOf(site);
  const own = frames.findIndex((frame) => !frame.includes("/node_modules/"));
  const nearest = frames[0];
  if (nearest === undefined) return undefined;
  if (own <= 0) return frames.slice(0, shown).join(" < ");
  return [nearest, ...frames.slice(own, own + shown - 1)].join(" < ");
}

/** Whether the library itself created it. */
export function isOwnSite(site: Site): boolean {
  const file = /\(?([^()\s]+?)(?::\d+)+\)?$/.exec(framesOf(site)[0] ?? "")?.[1];
  return file !== undefined && isOwnFile(file);
}

function framesOf(site: Site): readonly string[] {
  return textOf(site)
    .split("\n")
    .map((line) => /^\s*at (.*:\d+:\d+\)?)$/.exec(line)?.[1])
    .filter((frame) => frame !== undefined)
    .filter((frame) => !/(?:^|\()(?:node:|<anonymous>)/.test(frame))
    .map((frame) => frame.replace(/file:\/\/[^)]*?(?=:\d+:\d+\)?$)/, pathOf));
}

/** A library may have put in its own way to print stacks, which answers anything. */
function textOf(site: Site): string {
  const prepare = Error.prepareStackTrace;
  // Node's own, which minds source maps; the types know only the function.
  Reflect.deleteProperty(Error, "prepareStackTrace");
  try {
    return typeof site.stack === "string" ? site.stack : "";
  } finally {
    if (prepare !== undefined) Error.prepareStackTrace = prepare;
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
