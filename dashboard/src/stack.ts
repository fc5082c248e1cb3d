// Reads stack lines, so that the frame that matters can be shown as such.

export interface Frame {
  readonly name: string;
  readonly place: string;
  /** Not the application's own code: Node's or a package's. */
  readonly foreign: boolean;
}

/** A frame as V8 prints it, or undefined when `line` is none. */
export function parseFrame(line: string): Frame | undefined {
  const named = /^\s*(?:at )?(?:async )?([^\s(][^(]*?) \(([^()]+:\d+(?::\d+)?)\)\s*$/.exec(line);
  const bare = /^\s*at (?:async )?((?:file:|node:|\/)[^\s()]+:\d+(?::\d+)?)\s*$/.exec(line);
  const place = named?.[2] ?? bare?.[1];
  if (place === undefined) return undefined;
  const foreign = place.startsWith("node:") || place.includes("node_modules/");
  return { name: named?.[1] ?? "(anonymous)", place, foreign };
}

/** The first frame of the application's own code: where the time is lost. */
export function starFrame(lines: readonly string[]): number {
  return lines.findIndex((line) => parseFrame(line)?.foreign === false);
}
