// Lines of a log out of its bytes, with their offsets; those that belong together stay together.
import { closes, goesOn } from "../../protocol/log-line.ts";

export interface LogLine {
  /** Where it begins, see `LogRecord`. */
  readonly offset: number;
  /** Behind its newline. */
  readonly end: number;
  /** Without its end; bytes that are no UTF-8 become U+FFFD. What is beyond the limit is cut. */
  readonly text: string;
  /** Bytes that were cut off. */
  readonly cutBytes: number;
}

const newline = 10;

export interface LineCutter {
  /** Takes the bytes that come next; calls `onLine` for each line that has ended. */
  push(chunk: Buffer): void;
  /** What was begun and has no end yet becomes a line. */
  end(): void;
  /** Goes on at another place; what was begun is given up. */
  jump(offset: number): void;
  /** Where the next bytes belong. */
  readonly offset: number;
  /** Behind the last whole line. */
  readonly lineStart: number;
}

/** Of a line at most so much is kept: a service that never ends one costs no memory. */
const keptBytes = 65_536;

/** Lines that `passes` refuses, by their offset, are not made text of, which is most of the cost. */
export function cutLines(
  from: number,
  onLine: (line: LogLine) => void,
  passes: (offset: number) => boolean = () => true,
): LineCutter {
  let parts: Buffer[] = [];
  let kept = 0;
  let lineStart = from;
  let offset = from;

  const take = (rest: Buffer): void => {
    const room = keptBytes - kept;
    if (rest.length === 0 || room <= 0) return;
    const part = rest.subarray(0, room);
    // A copy: the buffer belongs to whoever reads, who fills it again.
    parts.push(Buffer.from(part));
    kept += part.length;
  };
  const finish = (last: Buffer, end: number, endBytes: number): void => {
    if (!passes(lineStart)) {
      parts = [];
      kept = 0;
      lineStart = end;
      return;
    }
    let bytes = last;
    if (parts.length > 0) {
      take(last);
      bytes = Buffer.concat(parts, kept);
    } else if (last.length > keptBytes) bytes = last.subarray(0, keptBytes);
    parts = [];
    kept = 0;
    const length = end - lineStart - endBytes;
    const raw = bytes.toString("utf8");
    const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    const line = { offset: lineStart, end, text, cutBytes: length - bytes.length };
    lineStart = end;
    onLine(line);
  };
  return {
    push: (chunk) => {
      let start = 0;
      for (;;) {
        const at = chunk.indexOf(newline, start);
        if (at < 0) break;
        finish(chunk.subarray(start, at), offset + at + 1, 1);
        start = at + 1;
      }
      take(chunk.subarray(start));
      offset += chunk.length;
    },
    end: () => {
      if (offset > lineStart) finish(Buffer.alloc(0), offset, 0);
    },
    jump: (to) => {
      parts = [];
      kept = 0;
      lineStart = to;
      offset = to;
    },
    get offset() {
      return offset;
    },
    get lineStart() {
      return lineStart;
    },
  };
}

/** More lines than that are no stack trace. */
const groupMax = 500;

export interface Grouper<T> {
  push(line: T): void;
  /** Hands on what is held back because more of it might have come. */
  flush(): void;
  readonly holds: boolean;
}

/** Calls `onGroup` with lines that belong together, as soon as another line begins. */
export function groupLines<T extends { readonly text: string }>(
  onGroup: (lines: readonly T[]) => void,
): Grouper<T> {
  let group: T[] = [];
  const flush = (): void => {
    const done = group;
    group = [];
    if (done.length > 0) onGroup(done);
  };
  return {
    push: (line) => {
      const [first] = group;
      const closing = first !== undefined && closes(first.text, line.text);
      if (!closing && (!goesOn(line.text) || group.length >= groupMax)) flush();
      group.push(line);
      if (closing) flush();
    },
    flush,
    get holds() {
      return group.length > 0;
    },
  };
}
