// The commands that must not wait, in their plain forms: understood before the whole command line is loaded.

export interface Quick {
  readonly command: "status" | "ps" | "up";
  readonly names: readonly string[];
  /** As the whole command line would give them. */
  readonly options: Readonly<Record<string, unknown>>;
}

interface Form {
  /** Options beside those that may stand everywhere; only after the command. */
  readonly own: readonly string[];
  readonly takesNames: boolean;
  readonly defaults: Readonly<Record<string, unknown>>;
}

const forms: Readonly<Record<Quick["command"], Form>> = {
  status: { own: [], takesNames: false, defaults: {} },
  ps: { own: ["pss"], takesNames: true, defaults: {} },
  up: { own: ["log-level"], takesNames: false, defaults: { logLevel: "info", profile: [] } },
};
const everywhere: readonly string[] = ["folder", "config", "json"];

/** A word that could be an option, or is empty, is left to those who know more. */
const plainWord = /^[^-]/;
const values: Readonly<Record<string, RegExp>> = {
  folder: plainWord,
  config: plainWord,
  "log-level": /^(debug|info|warn|error)$/,
};
const flags: readonly string[] = ["json", "pss"];

/** Undefined for all that is not plain: then the whole command line is asked. */
export function quickOf(words: readonly string[]): Quick | undefined {
  const options: Record<string, unknown> = {};
  const plain: string[] = [];
  const seen: { readonly option: string; readonly isEarly: boolean }[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (plainWord.test(word)) {
      plain.push(word);
      continue;
    }
    const option = word.replace(/^--/, "");
    seen.push({ option, isEarly: plain.length === 0 });
    if (Object.hasOwn(values, option)) {
      i += 1;
      if (values[option]?.test(words[i] ?? "") !== true) return undefined;
      options[camel(option)] = words[i];
    } else if (flags.includes(option)) options[camel(option)] = true;
    else return undefined;
  }
  const [command, ...names] = plain;
  if (command !== "status" && command !== "ps" && command !== "up") return undefined;
  const { own, takesNames, defaults } = forms[command];
  const fits = seen.every(
    ({ option, isEarly }) => everywhere.includes(option) || (!isEarly && own.includes(option)),
  );
  if (!fits || (names.length > 0 && !takesNames)) return undefined;
  return { command, names, options: { ...defaults, ...options } };
}

/** The project folder, by a command line that may be wrong. */
export function folderIn(words: readonly string[]): string {
  const i = words.findLastIndex((word) => /^--folder(=|$)/.test(word));
  if (i < 0) return ".";
  const [, joined = words[i + 1] ?? "."] = /^--folder=(.+)$/.exec(words[i] ?? "") ?? [];
  return joined;
}

function camel(option: string): string {
  return option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
