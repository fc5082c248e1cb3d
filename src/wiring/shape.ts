// Whether a config has the right shape: what zod finds, in our words.
import type { z } from "zod";
import type { Config } from "./config.ts";
import { isSecret } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { configJsonSchema, configSchema } from "./schema.ts";
import { type At, nearest, quote, show } from "./words.ts";

export interface Shape {
  readonly findings: readonly Finding[];
  /** Absent when something was found. */
  readonly config?: Config;
}

export function checkShape(raw: unknown): Shape {
  const parsed = configSchema.safeParse(raw);
  const hidden = protoKeys(raw, []);
  if (parsed.success)
    return hidden.length > 0 ? { findings: hidden } : { findings: [], config: parsed.data };
  return {
    findings: [...hidden, ...parsed.error.issues.flatMap((issue) => toFindings(issue, [], raw))],
  };
}

/** zod steps over this key without a word. */
function protoKeys(value: unknown, at: At): readonly Finding[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Object.hasOwn(value, "__proto__")
    ? [{ ...unknownName("__proto__"), at: [...at, "__proto__"] }]
    : [];
  const inner = Object.entries(value).flatMap(([key, it]) =>
    key === "__proto__" ? [] : protoKeys(it, [...at, Array.isArray(value) ? Number(key) : key]),
  );
  return [...own, ...inner];
}

function unknownName(key: string): Omit<Finding, "at"> {
  return { expected: "another name", got: `${quote(key)}, which JavaScript keeps for itself` };
}

function toFindings(issue: z.core.$ZodIssue, base: At, root: unknown): readonly Finding[] {
  const at = [...base, ...issue.path.map((key) => (typeof key === "number" ? key : String(key)))];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(at, key));
  if (issue.code === "invalid_union") {
    // A list with a wrong entry: the entry is told, not the list.
    const inner = issue.errors.find(
      (branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0),
    );
    if (inner) return inner.flatMap((deeper) => toFindings(deeper, at, root));
  }
  const value = valueAt(root, at);
  return [{ at, expected: issue.message, got: gotOf(at, value, issue.message) }];
}

/** The value, and what to do about its quotes when only they are wrong. Secrets are not repeated. */
function gotOf(at: At, value: unknown, expected: string): string {
  if (isSecret(at)) {
    if (typeof value === "string") return `text of ${value.length} characters`;
    return typeof value === "number" ? "a number" : show(value);
  }
  const shown = show(value);
  if (expected === "text" && (typeof value === "number" || typeof value === "boolean")) {
    return `${shown} without quotes`;
  }
  const isQuoted =
    typeof value === "string" &&
    ((/^(a whole number|a number|a port|an exit code)/.test(expected) &&
      /^-?\d+(\.\d+)?$/.test(value)) ||
      (/^true/.test(expected) && /^(true|false)$/.test(value)));
  return isQuoted ? `${shown} in quotes` : shown;
}

function valueAt(root: unknown, at: At): unknown {
  let value = root;
  for (const key of at) {
    const inside = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    value = inside ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return value;
}

/** What other tools call our settings. */
const otherWords: Readonly<Record<string, string>> = {
  args: "command",
  cmd: "command",
  count: "replicas",
  cron: "job",
  directory: "cwd",
  environment: "env",
  environmentfile: "envFiles",
  gid: "group",
  health: "probe",
  healthcheck: "probe",
  instances: "replicas",
  kind: "job",
  once: "job",
  oneshot: "job",
  oomscoreadj: "oomScore",
  priority: "nice",
  rlimits: "ulimit",
  run: "command",
  scale: "replicas",
  script: "command",
  uid: "user",
  workdir: "cwd",
  workingdir: "cwd",
};

function unknownKey(at: At, key: string): Finding {
  const got = `the unknown name ${quote(key)}`;
  const schema = schemaAt(at);
  const known = Object.keys(schema?.properties ?? {});
  const other = otherWords[key.toLowerCase().replaceAll(/[-_]/g, "")];
  const near = other !== undefined && known.includes(other) ? other : nearest(key, known);
  const meant = near ?? deeper(schema, key);
  const expected = meant === undefined ? `one of ${known.join(", ")}` : `"${meant}"`;
  return { at: [...at, key], expected, got };
}

/** "probe.interval" when `key` is known one level further in. */
function deeper(schema: JsonSchema | undefined, key: string): string | undefined {
  for (const [name, { properties }] of Object.entries(schema?.properties ?? {})) {
    if (properties && Object.hasOwn(properties, key)) return `${name}.${key}`;
  }
  return undefined;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** Made when the first unknown name is met: most configs have none. */
let known: JsonSchema | undefined;

function schemaAt(at: At): JsonSchema | undefined {
  known ??= configJsonSchema();
  let schema: JsonSchema | undefined = known;
  for (const key of at) {
    const more: JsonSchema | boolean | undefined = schema?.additionalProperties;
    schema = schema?.properties?.[key] ?? (typeof more === "object" ? more : undefined);
  }
  return schema;
}
