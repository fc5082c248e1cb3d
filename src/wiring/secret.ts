// Secrets of a config: `${NAME}` of the environment, or a file; what is wrong is told without them.
import { isAbsolute, join } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import { kindOf, textOf } from "./files.ts";
import { quote } from "./words.ts";

export interface Surroundings {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Secret =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly expected: string; readonly got: string };

const pattern = /\$\{(?<name>[A-Za-z_]\w*)\}/g;

/** The text with each `${NAME}` filled in. */
export function fillSecret(text: string, { env }: Pick<Surroundings, "env">): Secret {
  const missing = [...text.matchAll(pattern)]
    .map(({ groups }) => groups?.name ?? "")
    .find((name) => (env[name] ?? "") === "");
  if (missing !== undefined) {
    const expected = "a variable that is set in the environment of Homeostat";
    return { ok: false, expected, got: `\${${missing}}, which is not` };
  }
  return { ok: true, value: text.replace(pattern, (_, name: string) => env[name] ?? "") };
}

/** The first line of a file, without blanks around it. */
export function readSecret(file: string, { folder }: Pick<Surroundings, "folder">): Secret {
  const path = isAbsolute(file) ? file : join(folder, file);
  const kind = kindOf(path);
  if (kind !== "file") {
    return {
      ok: false,
      expected: "a file that exists",
      got: `${quote(file)}${kind ? ", a folder" : ""}`,
    };
  }
  try {
    const value = (textOf(path) ?? "").trim();
    if (value !== "" && !/[\r\n]/.test(value)) return { ok: true, value };
    return { ok: false, expected: "a file with one line", got: quote(file) };
  } catch (error) {
    return {
      ok: false,
      expected: "a file that can be read",
      got: `${quote(file)}: ${messageOf(error)}`,
    };
  }
}
