// Reads files in the form of supervisord.conf: sections of keys, with comments and continued lines.

export interface Section {
  /** "program:web". */
  readonly name: string;
  readonly entries: Map<string, string>;
}

export interface Ini {
  readonly sections: readonly Section[];
  /** Lines that are nothing of the kind, with their numbers. */
  readonly odd: readonly string[];
}

/**
 * As Python's ConfigParser with `;` and `#` as comments, also behind a blank within a line. A line
 * that begins with a blank goes on with the value above it. A section that comes again is the same.
 */
export function readIni(text: string): Ini {
  const sections = new Map<string, Section>();
  const odd: string[] = [];
  let section: Section | undefined;
  let key: string | undefined;
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s)[;#].*$/, "").trimEnd();
    if (line.trim() === "") {
      if (raw.trim() === "") key = undefined;
      continue;
    }
    const head = /^\[([^\]]+)\]$/.exec(line)?.[1];
    const pair = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/s.exec(line);
    if (head !== undefined) {
      section = sections.get(head) ?? { name: head, entries: new Map() };
      sections.set(head, section);
      key = undefined;
    } else if (/^\s/.test(line) && section && key !== undefined) {
      section.entries.set(key, `${section.entries.get(key)}\n${line.trim()}`.trim());
    } else if (pair && section && !/^\s/.test(line)) {
      key = (pair[1] ?? "").toLowerCase();
      section.entries.set(key, pair[2] ?? "");
    } else odd.push(`line ${at + 1}: ${raw.trim().slice(0, 120)}`);
  }
  return { sections: [...sections.values()], odd };
}

/**
 * `%(name)s`, `%(name)d` and `%(name)02d` filled in, `%%` as one; undefined names are told and left.
 */
export function expand(
  text: string,
  values: ReadonlyMap<string, string | number>,
  missing: (name: string) => void,
): string {
  return text.replace(/%(?:%|\(([^)]+)\)(0?\d*)([sd]))/g, (all, name?: string, width = "") => {
    if (name === undefined) return "%";
    const value = values.get(name);
    if (value === undefined) {
      missing(name);
      return all;
    }
    const pad = width.startsWith("0") ? "0" : " ";
    return String(value).padStart(Number(width) || 0, pad);
  });
}
