// Which types of events a pattern means: one type, or several by `*` and `**`.
import { HomeostatError } from "../../kernel/errors.ts";

export interface Pattern {
  readonly text: string;
  /** Names one type only. */
  readonly exact: boolean;
  /** Parts that are no wildcard: the more there are, the more is said. */
  readonly said: number;
  matches(type: string): boolean;
}

const lengthMax = 256;

/**
 * `*` stands for one part, a last `**` for one or more: `system.*.failure`, `system.**`, `**`.
 * @throws OPTION_INVALID for one that could never match.
 */
export function patternOf(text: string): Pattern {
  const parts = typeof text === "string" ? text.split(".") : [];
  const sound =
    parts.length > 0 &&
    text.length <= lengthMax &&
    parts.every((part, i) => fits(part, i === parts.length - 1));
  if (!sound) {
    const form = "parts joined by dots, `*` for one part, `**` for all that follow";
    throw new HomeostatError("OPTION_INVALID", `a pattern is ${form}; got ${JSON.stringify(text)}`);
  }
  const open = parts.at(-1) === "**";
  const fixed = open ? parts.slice(0, -1) : parts;
  const exact = !text.includes("*");
  const matches = (type: string): boolean => {
    if (exact) return type === text;
    const given = type.split(".");
    if (open ? given.length <= fixed.length : given.length !== fixed.length) return false;
    return fixed.every((part, i) => part === "*" || part === given[i]);
  };
  return { text, exact, said: parts.filter((part) => !part.includes("*")).length, matches };
}

/** @throws OPTION_INVALID for a type that no pattern could name. */
export function checkType(type: string): void {
  const sound = typeof type === "string" && type !== "" && type.length <= lengthMax;
  if (sound && !type.includes("*")) return;
  const got = JSON.stringify(type);
  throw new HomeostatError("OPTION_INVALID", `a type of event is text without \`*\`; got ${got}`);
}

function fits(part: string, last: boolean): boolean {
  if (part === "**") return last;
  return part === "*" || (part !== "" && !part.includes("*"));
}
