// Lines that wait to leave: in order, within a bound; the oldest go first when it is reached.

export interface Backlog {
  /** Adds at the end; gives up as many of the oldest as must go, and counts them. */
  push(line: Buffer): void;
  /** Takes the first lines, at most `bytes` together, or one that is larger alone. */
  take(bytes: number): readonly Buffer[];
  /** Puts lines that could not leave back to the front. */
  restore(lines: readonly Buffer[]): void;
  /** Counts lines that are lost elsewhere. */
  lose(lines: number): void;
  readonly size: number;
  readonly dropped: number;
}

export function createBacklog(maxBytes: number): Backlog {
  let lines: Buffer[] = [];
  /** Lines before this index have left; cut off when they are many. */
  let first = 0;
  let bytes = 0;
  let dropped = 0;

  const shift = (): Buffer | undefined => {
    const line = lines[first];
    if (!line) return undefined;
    first += 1;
    bytes -= line.length;
    if (first > 1_000 && first * 2 > lines.length) {
      lines = lines.slice(first);
      first = 0;
    }
    return line;
  };
  const bound = (): void => {
    while (bytes > maxBytes && shift()) dropped += 1;
  };
  return {
    push: (line) => {
      lines.push(line);
      bytes += line.length;
      bound();
    },
    take: (most) => {
      const taken: Buffer[] = [];
      let left = most;
      for (let next = lines[first]; next; next = lines[first]) {
        if (taken.length > 0 && next.length > left) break;
        left -= next.length;
        taken.push(next);
        shift();
      }
      return taken;
    },
    restore: (back) => {
      lines = [...back, ...lines.slice(first)];
      first = 0;
      for (const line of back) bytes += line.length;
      bound();
    },
    lose: (count) => {
      dropped += count;
    },
    get size() {
      return lines.length - first;
    },
    get dropped() {
      return dropped;
    },
  };
}
