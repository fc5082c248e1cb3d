// Parses the stack of an error, as V8 writes it, into the frames that Sentry shows.
// Source of the fields: develop.sentry.dev, Event Payloads › Stack Trace.
import { isAbsolute, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export interface Frame {
  /** Relative to the app's folder where it lies in it, so that it is the same on every machine. */
  readonly filename: string;
  readonly abs_path: string;
  /** "?" where there is none: the top of a module, an arrow without a name. */
  readonly function: string;
  readonly lineno?: number;
  readonly colno?: number;
  /** Code of the app, neither Node's nor a dependency's. */
  readonly in_app: boolean;
}

const mostFrames = 50;
const longestLine = 1_024;
/** A stack of V8 is 10 lines long; only who raised its limit has more. */
const mostLines = 400;

/** The oldest call first, as Sentry wants them; of more than 50 frames the newest are kept. */
export function framesOf(stack: unknown, root: string): readonly Frame[] {
  if (typeof stack !== "string") return [];
  const frames: Frame[] = [];
  for (const line of stack.split("\n", mostLines)) {
    const frame = line.length > longestLine ? undefined : frameOf(line, root);
    if (frame) frames.push(frame);
    if (frames.length === mostFrames) break;
  }
  return frames.reverse();
}

/** `    at [async] name (place)` or `    at place`; a place is `file:line:column`. */
function frameOf(line: string, root: string): Frame | undefined {
  const found = /^\s{1,16}at (?:async )?(.+)$/.exec(line)?.[1];
  if (found === undefined) return undefined;
  const named = /^(.+?) \((.*)\)$/.exec(found);
  const name = named?.[1] ?? "?";
  const place = named?.[2] ?? found;
  const at = /^(.*?):(\d{1,9})(?::(\d{1,9}))?$/.exec(place);
  const path = pathOf(at?.[1] ?? place);
  const numbers = at
    ? { lineno: Number(at[2]), ...(at[3] !== undefined && { colno: Number(at[3]) }) }
    : {};
  return {
    filename: shortened(path, root),
    abs_path: path,
    function: nameOf(name),
    ...numbers,
    in_app: isOwn(path),
  };
}

/** `new Shop`, `Shop.buy [as order]` and `Object.<anonymous>` as a person would say them. */
function nameOf(name: string): string {
  const plain = name.replace(/ \[as [^\]]*\]$/, "");
  return plain === "<anonymous>" || plain === "Object.<anonymous>" ? "?" : plain;
}

function pathOf(place: string): string {
  if (!place.startsWith("file://")) return place;
  try {
    return fileURLToPath(place);
  } catch {
    // An address that names no file of this system; as it stands it still says where.
    return place;
  }
}

function shortened(path: string, root: string): string {
  if (!isAbsolute(path)) return path;
  const inside = relative(root, path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside)
    ? path
    : inside.replaceAll(sep, "/");
}

function isOwn(path: string): boolean {
  if (/^(?:node:|internal\/|native$|<anonymous>$|eval at )/.test(path)) return false;
  return !/[\\/]node_modules[\\/]/.test(path);
}
