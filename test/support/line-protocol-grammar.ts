// A reader of InfluxDB line protocol after its documentation, independent of what writes it.

export interface ParsedLine {
  readonly measurement: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, string | number | bigint | boolean])[];
  readonly at: number | undefined;
}

/** Throws for a line that the grammar does not hold. */
export function parseLine(line: string): ParsedLine {
  let at = 0;
  /** Reads up to one of `ends`; a backslash takes the meaning from one of `special` behind it. */
  const name = (ends: string, special: string): string => {
    let text = "";
    while (at < line.length && !ends.includes(line.charAt(at))) {
      const escapes = line.charAt(at) === "\\" && special.includes(line.charAt(at + 1));
      if (escapes && at + 1 < line.length) at += 1;
      text += line.charAt(at);
      at += 1;
    }
    if (text === "") throw new Error(`a name is missing at ${at} of ${line}`);
    return text;
  };
  const take = (char: string): void => {
    if (line.charAt(at) !== char) throw new Error(`expected ${char} at ${at} of ${line}`);
    at += 1;
  };
  const quoted = (): string => {
    let text = "";
    for (take('"'); line.charAt(at) !== '"'; at += 1) {
      if (at >= line.length) throw new Error(`a quote is not closed in ${line}`);
      if (line.charAt(at) === "\\" && '"\\'.includes(line.charAt(at + 1))) at += 1;
      text += line.charAt(at);
    }
    take('"');
    return text;
  };
  const value = (): string | number | bigint | boolean => {
    if (line.charAt(at) === '"') return quoted();
    const [word = ""] = /^[^, ]+/.exec(line.slice(at)) ?? [];
    at += word.length;
    if (/^(?:[tT]|true|True|TRUE)$/.test(word)) return true;
    if (/^(?:[fF]|false|False|FALSE)$/.test(word)) return false;
    if (/^-?\d+i$/.test(word)) return BigInt(word.slice(0, -1));
    if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(word)) return Number(word);
    throw new Error(`${word} is no value in ${line}`);
  };
  const measurement = name(", ", ", ");
  const tags: [string, string][] = [];
  while (line.charAt(at) === ",") {
    take(",");
    const key = name("=", ",= ");
    take("=");
    tags.push([key, name(", ", ",= ")]);
  }
  const fields: [string, string | number | bigint | boolean][] = [];
  for (let separator = " "; line.charAt(at) === separator; separator = ",") {
    take(separator);
    const key = name("=", ",= ");
    take("=");
    fields.push([key, value()]);
  }
  if (fields.length === 0) throw new Error(`no field in ${line}`);
  const [, time] = /^(?: (-?\d+))?$/.exec(line.slice(at)) ?? ["", "?"];
  if (time === "?") throw new Error(`what is ${line.slice(at)} in ${line}`);
  return { measurement, tags, fields, at: time === undefined ? undefined : Number(time) };
}
