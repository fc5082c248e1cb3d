// Cuts a stream of bytes into lines, with a bound on the length of one.

/** The longest line either side of the control socket accepts. */
export const lineLimitBytes: number = 4 * 1024 * 1024;

const newline = 0x0a;

/**
 * Returns a function that takes chunks and calls `onLine` for each whole line, without its end.
 * `onTooLong` is called once when a line passes `limitBytes`; what comes after is dropped.
 */
export function lineCutter(
  onLine: (line: string) => void,
  onTooLong: () => void,
  limitBytes: number = lineLimitBytes,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let partBytes = 0;
  let dropping = false;

  // Cut on bytes and decode whole lines, because a chunk may end inside a character.
  return (chunk) => {
    let start = 0;
    while (!dropping) {
      const end = chunk.indexOf(newline, start);
      const rest = chunk.subarray(start, end < 0 ? chunk.length : end);
      partBytes += rest.length;
      if (partBytes > limitBytes) {
        dropping = true;
        parts = [];
        onTooLong();
        return;
      }
      parts.push(rest);
      if (end < 0) return;
      const line = Buffer.concat(parts, partBytes).toString("utf8");
      parts = [];
      partBytes = 0;
      start = end + 1;
      onLine(line);
    }
  };
}
