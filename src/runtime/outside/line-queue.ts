// Lines that wait for InfluxDB: so many at most and so many characters, the oldest given up first.

export interface LineQueue {
  readonly size: number;
  /** Those that were given up because others came. */
  readonly dropped: number;
  add(line: string): void;
  /** Takes the next batch out; what is under way does not count against the bounds. */
  next(maxLines: number): readonly string[];
  /** A batch that did not leave goes back to the front, as far as there is room. */
  back(batch: readonly string[]): void;
}

const mostChars = 16 * 1_048_576;
const batchChars = 1_000_000;
/** Places of lines that left are given back in such portions: each time would cost the whole list. */
const portion = 1_000;

export function createLineQueue(maxLines: number): LineQueue {
  let lines: string[] = [];
  let gone = 0;
  let chars = 0;
  let dropped = 0;
  const size = (): number => lines.length - gone;
  const leave = (): string => {
    const line = lines[gone] ?? "";
    gone += 1;
    chars -= line.length;
    if (gone >= portion && gone * 2 >= lines.length) {
      lines = lines.slice(gone);
      gone = 0;
    }
    return line;
  };
  const trim = (): void => {
    for (; size() > maxLines || chars > mostChars; dropped += 1) leave();
  };
  return {
    get size() {
      return size();
    },
    get dropped() {
      return dropped;
    },
    add: (line) => {
      lines.push(line);
      chars += line.length;
      trim();
    },
    next: (most) => {
      const batch: string[] = [];
      for (let room = batchChars; batch.length < most && size() > 0; ) {
        room -= lines[gone]?.length ?? 0;
        if (room < 0 && batch.length > 0) break;
        batch.push(leave());
      }
      return batch;
    },
    back: (batch) => {
      lines = [...batch, ...lines.slice(gone)];
      gone = 0;
      for (const { length } of batch) chars += length;
      trim();
    },
  };
}
