// Writes a JavaScript stack down for people: paths from the process' own folder, the culprit first.
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Frame, isOwn } from "./inspector-session.ts";

/** Lines of evidence that a stack may take. */
const lineLimit = 30;

/** `at resizeThumbnail (services/thumbnails.ts:12:5)` and so on, the innermost first. */
export function frameLines(frames: readonly Frame[], cwd: string | undefined): readonly string[] {
  const lines = frames.slice(0, lineLimit).map((frame) => {
    const place = `${placeOf(frame, cwd)}:${frame.column}`;
    return frame.functionName === "" ? `at ${place}` : `at ${frame.functionName} (${place})`;
  });
  const left = frames.length - lines.length;
  return left > 0 ? [...lines.slice(0, -1), `… and ${left + 1} more`] : lines;
}

/**
 * "in resizeThumbnail (services/thumbnails.ts:12)": the innermost code that is not Node's own. Node has
 * WebAssembly of its own, which strips types and reads modules: only what somebody's code has called
 * is somebody's.
 */
export function culprit(frames: readonly Frame[], cwd: string | undefined): string {
  const all = frames.filter(isOwn);
  const own = all.every(isWasm) ? [] : all;
  const inner = own[0] ?? frames.find((frame) => !isWasm(frame)) ?? frames[0];
  if (!inner) return "outside JavaScript";
  const caller = own.find((frame) => !isForeign(frame));
  const place = nameOf(inner, cwd);
  // Code of a package rarely is at fault by itself: who called it is what people can change.
  return isForeign(inner) && caller ? `${place}, called ${nameOf(caller, cwd)}` : place;
}

function nameOf(frame: Frame, cwd: string | undefined): string {
  const place = placeOf(frame, cwd);
  return frame.functionName === "" ? `at ${place}` : `in ${frame.functionName} (${place})`;
}

function isWasm({ url }: Frame): boolean {
  return url.startsWith("wasm:");
}

function isForeign(frame: Frame): boolean {
  return isWasm(frame) || frame.url.includes("/node_modules/");
}

function placeOf(frame: Frame, cwd: string | undefined): string {
  return `${shorten(frame.url, cwd)}:${frame.line}`;
}

function shorten(url: string, cwd: string | undefined): string {
  const path = pathOf(url);
  if (path === undefined) return url === "" ? "(no file)" : url.slice(0, 200);
  if (cwd === undefined) return path;
  const inside = relative(cwd, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}

function pathOf(url: string): string | undefined {
  if (url.startsWith("/")) return url;
  if (!url.startsWith("file:")) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    // A url that no file can have is shown as it is.
    return undefined;
  }
}
