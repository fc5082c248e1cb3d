// Splits a command line into words as a shell would, without doing anything else of a shell.

/**
 * As Python's `shlex.split` and POSIX have it: quotes, backslashes; no variables, no patterns.
 * Undefined for a quote that does not end.
 */
export function shellWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let inside: "'" | '"' | undefined;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? "";
    const next = line[i + 1];
    if (inside === "'") {
      if (char === "'") inside = undefined;
      else word += char;
    } else if (char === "\\" && next !== undefined) {
      const kept = inside === '"' && !/["\\$`\n]/.test(next) ? "\\" : "";
      word = (word ?? "") + kept + next;
      i += 1;
    } else if (inside === '"') {
      if (char === '"') inside = undefined;
      else word += char;
    } else if (char === "'" || char === '"') {
      inside = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (inside) return undefined;
  return word === undefined ? words : [...words, word];
}
