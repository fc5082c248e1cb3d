// Takes the blanks off a value, as HTTP has them.

/**
 * Without spaces and tabs around it: `trim` would take off 0xA0, which is half a letter in UTF-8.
 * A regular expression takes quadratic time for blanks inside, and a client may send 30 KB of them.
 */
export function withoutBlanks(text: string): string {
  let from = 0;
  let end = text.length;
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(from, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
