// The command of a pm2 app: interpreter, its options, script and arguments.
import { commandOf, literal } from "./draft.ts";
import { shellWords } from "./words.ts";

const interpreters: Readonly<Record<string, string>> = {
  ...{ ".js": "node", ".cjs": "node", ".mjs": "node", ".ts": "node", "": "" },
  ...{ ".py": "python3", ".rb": "ruby", ".sh": "bash", ".php": "php", ".pl": "perl" },
};

export function commandOfApp(
  app: Readonly<Record<string, unknown>>,
  notes: string[],
): string | readonly string[] | undefined {
  const { script, interpreter, exec_interpreter, args } = app;
  if (typeof script !== "string" || script.trim() === "") {
    notes.push("has no script");
    return undefined;
  }
  const line = words(script, notes);
  const [file = "", ...more] = line;
  const ending = /\.\w+$/.exec(file)?.[0] ?? "";
  const asked = interpreter ?? exec_interpreter;
  const runs = typeof asked === "string" ? asked : (interpreters[ending] ?? "");
  const before = runs === "" || runs === "none" ? [] : [runs];
  const options = words(app.node_args ?? app.interpreter_args ?? "", notes);
  // A program in a folder is found there only when its path says so.
  const own = before.length === 0 && file.includes(".") && !file.includes("/") ? `./${file}` : file;
  const all = [...before, ...(before.length > 0 ? options : []), own, ...more];
  return commandOf([...all, ...words(args ?? "", notes)].map(literal));
}

function words(value: unknown, notes: string[]): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  const split = shellWords(String(value));
  if (split) return split;
  notes.push("a quote does not end in its script or arguments");
  return [String(value)];
}
