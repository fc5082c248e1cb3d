// What makes two errors the same issue: one ticket for each, however often and wherever it happens.
import type { Exception } from "./exceptions.ts";

/** So many of the app's own calls count: callers further out differ for one and the same fault. */
const frames = 5;
/** The captured error and what it came from; what lies deeper is the same when these are. */
const links = 3;
const longest = 200;

/**
 * For the error and its first causes: the type and the app's own functions and files it went
 * through, without line numbers (which move with each release); where no code of the app was
 * involved the message without what varies in it. The same on every machine and release.
 */
export function fingerprintOf(exceptions: readonly Exception[]): readonly string[] {
  return exceptions.slice(-links).reverse().map(partOf);
}

function partOf({ type, value, stacktrace }: Exception): string {
  const own = (stacktrace?.frames ?? []).filter(({ in_app }) => in_app).slice(-frames);
  if (own.length === 0) return `${type}: ${without(value)}`;
  const places = own.reverse().map((frame) => `${frame.function}@${frame.filename}`);
  return `${type} in ${places.join(" < ")}`;
}

/** Numbers, ids and what stands in quotes change from one time to the next. */
function without(message: string): string {
  return message
    .slice(0, 1_000)
    .replaceAll(/(["'`])[^"'`\n]{0,200}\1/g, "#")
    .replaceAll(/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|\b(?:0x)?[\da-f]{8,64}\b/gi, "#")
    .replaceAll(/\d+(?:[.,:]\d+)*/g, "#")
    .slice(0, longest);
}
