// What an import makes before it is text: services with their settings, and all that has no place there.
import { nameOfService } from "../../wiring/forms.ts";
import { quote } from "../../wiring/words.ts";

export interface Draft {
  /** As our config calls it. */
  readonly name: string;
  /** As they are written into the config, in this order. */
  readonly settings: Record<string, unknown>;
  /** What could not be carried over as it was, a sentence each. */
  readonly notes: string[];
}

export interface Imported {
  readonly drafts: readonly Draft[];
  /** About the file as a whole. */
  readonly notes: readonly string[];
}

const nameMax = 39;

/** Gives each service a name that our config takes, and no two the same. */
export function namer(): (given: string, notes: string[]) => string {
  const taken = new Set<string>();
  return (given, notes) => {
    const bare = given
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^[^a-z]+|-+$/g, "")
      .slice(0, nameMax);
    const base = nameOfService.test(bare) && !(bare in {}) ? bare : "service";
    let name = base;
    for (let n = 2; taken.has(name); n++) {
      const end = `-${n}`;
      name = base.slice(0, nameMax - end.length) + end;
    }
    taken.add(name);
    if (name !== given) notes.push(`was called ${quote(given)}`);
    return name;
  };
}

/** Sets `key` (also "restart.when") unless there is nothing to set. */
export function set(settings: Record<string, unknown>, key: string, value: unknown): void {
  if (value === undefined) return;
  const [first = "", ...rest] = key.split(".");
  if (rest.length === 0) {
    settings[first] = value;
    return;
  }
  const inner = (settings[first] ?? {}) as Record<string, unknown>;
  set(inner, rest.join("."), value);
  settings[first] = inner;
}

const filled = /\$(?=\{(?:index|name|port|replicas)\})/g;

/** Text that means itself: our placeholders in it are no placeholders. */
export function literal(text: string): string {
  return text.replace(filled, "$$$$");
}

/** A command without a shell: as one line where that is read back as the same words. */
export function commandOf(words: readonly string[]): string | readonly string[] {
  const plain = words.every(
    (word) => /^[\w@%+:,./={}$-]+$/.test(word) && !/[$%]/.test(unfilled(word)),
  );
  return plain && words.length > 0 && !(words[0] ?? "").includes("=") ? words.join(" ") : words;
}

function unfilled(word: string): string {
  return word.replace(/\$\{(?:index|name|port|replicas)\}/g, "");
}

export function durationText(ms: number): string | undefined {
  if (!Number.isFinite(ms) || ms < 0) return undefined;
  if (ms === 0) return "0s";
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${Math.round(ms)}ms`;
}

/** A value as a note shows it. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
