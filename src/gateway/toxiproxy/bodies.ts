// Bodies of the API: read with the checks and messages of Toxiproxy, written with its fields.
import { messageOf } from "../../kernel/errors.ts";
import { ApiFailure, badBody, failures, missingField } from "./failure.ts";
import { readGoJson } from "./go-json.ts";
import { kinds } from "./kinds.ts";
import type { ToxicProxy } from "./proxy.ts";
import type { Attributes, Direction, Toxic, ToxicKind } from "./toxic.ts";

/** The Go struct that Toxiproxy reads a body into: its messages name it. */
interface Struct {
  /** In front of the field, as in "Proxy.enabled". */
  readonly name: string;
  readonly goType: string;
  readonly fields: Readonly<Record<string, "string" | "bool" | "int64" | "float32" | "object">>;
  readonly objectType?: string;
}

type Values = Readonly<Record<string, unknown>>;

const proxyFields: Struct["fields"] = {
  name: "string",
  listen: "string",
  upstream: "string",
  enabled: "bool",
};
const proxyStruct: Struct = { name: "Proxy", goType: "toxiproxy.Proxy", fields: proxyFields };
const listedType = '[]struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }';
const listedStruct: Struct = { name: "", goType: listedType.slice(2), fields: proxyFields };
const toxicStruct: Struct = {
  name: "ToxicWrapper",
  goType: "toxics.ToxicWrapper",
  fields: {
    name: "string",
    type: "string",
    stream: "string",
    toxicity: "float32",
    attributes: "object",
  },
  objectType: "toxics.NoopToxic",
};
const changeStruct = (kind: ToxicKind): Struct => ({
  name: "",
  goType: `struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }`,
  fields: { attributes: "object", toxicity: "float32" },
  objectType: `toxics.${kind.goName}`,
});

/** @throws ApiFailure, "bad request body: …" */
function read(body: Buffer): unknown {
  try {
    return readGoJson(body);
  } catch (error) {
    throw badBody(messageOf(error), error);
  }
}

/** The known fields of a value, whatever their case; null is as good as absent. @throws ApiFailure */
function decode(value: unknown, struct: Struct, path = ""): Values {
  if (value === null) return {};
  if (kindOf(value) !== "object") {
    throw badBody(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${struct.goType}`);
  }
  const found: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value as object)) {
    const field = key.toLowerCase();
    const type = Object.hasOwn(struct.fields, field) ? struct.fields[field] : undefined;
    if (type === undefined || inner === null) continue;
    const wrong = mismatch(inner, type);
    if (wrong !== undefined) {
      const at = `${struct.name}.${path}${field}`;
      const goType = type === "object" ? struct.objectType : type;
      throw badBody(`json: cannot unmarshal ${wrong} into Go struct field ${at} of type ${goType}`);
    }
    found[field] = inner;
  }
  return found;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** What Go calls the value that does not fit; undefined when it does. */
function mismatch(value: unknown, type: Struct["fields"][string]): string | undefined {
  const kind = kindOf(value);
  if (type !== "int64" && type !== "float32") return kind === type ? undefined : kind;
  if (typeof value !== "number") return kind;
  const fits = type === "int64" ? Number.isInteger(value) : Number.isFinite(Math.fround(value));
  return fits && Math.abs(value) < 2 ** 63 ? undefined : `number ${value}`;
}

export interface ProxyInput {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

/** @throws ApiFailure */
export function proxyToCreate(body: Buffer): ProxyInput {
  const input = proxyInput(decode(read(body), proxyStruct));
  if (input.name === "") throw missingField("name");
  if (input.upstream === "") throw missingField("upstream");
  return input;
}

/** @throws ApiFailure */
export function proxiesToPopulate(body: Buffer): readonly ProxyInput[] {
  const value = read(body) ?? [];
  if (!Array.isArray(value)) {
    throw badBody(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${listedType}`);
  }
  const inputs = value.map((each) => proxyInput(decode(each, listedStruct)));
  for (const [i, { name, upstream }] of inputs.entries()) {
    if (name === "") throw missingField(`name at proxy ${i + 1}`);
    if (upstream === "") throw missingField(`upstream at proxy ${i + 1}`);
  }
  return inputs;
}

/** What the body does not name stays as it is. @throws ApiFailure */
export function proxyToUpdate(body: Buffer, { listen, upstream, enabled }: ToxicProxy): ProxyInput {
  return proxyInput({ listen, upstream, enabled, ...decode(read(body), proxyStruct) });
}

function proxyInput(values: Values): ProxyInput {
  const { name = "", listen = "", upstream = "", enabled = true } = values;
  return {
    name: String(name),
    listen: String(listen),
    upstream: String(upstream),
    enabled: enabled === true,
  };
}

/** @throws ApiFailure */
export function toxicToCreate(body: Buffer, existing: readonly Toxic[]): Toxic {
  const input = decode(read(body), toxicStruct);
  const stream = String(input.stream ?? "downstream");
  const type = String(input.type ?? "");
  const name = String(input.name ?? "") || `${type}_${stream}`;
  const direction = directionOf(stream);
  const kind = kinds.get(type);
  if (!kind) throw failures.invalidType();
  if (existing.some((toxic) => toxic.name === name)) throw failures.toxicExists();
  const attributes = attributesOf(input.attributes, kind, {});
  return { kind, name, stream, direction, toxicity: shareOf(input.toxicity, 1), attributes };
}

/** What the body does not name stays as it is. @throws ApiFailure */
export function toxicToUpdate(body: Buffer, toxic: Toxic): Toxic {
  const input = decode(read(body), changeStruct(toxic.kind));
  const attributes = attributesOf(input.attributes, toxic.kind, toxic.attributes);
  return { ...toxic, attributes, toxicity: shareOf(input.toxicity, toxic.toxicity) };
}

function directionOf(stream: string): Direction {
  const direction = stream.toLowerCase();
  if (direction === "upstream" || direction === "downstream") return direction;
  throw failures.invalidStream();
}

/** Toxiproxy keeps it as a float32. */
function shareOf(value: unknown, before: number): number {
  return typeof value === "number" ? Math.fround(value) : before;
}

function attributesOf(value: unknown, kind: ToxicKind, before: Attributes): Attributes {
  const fields = Object.fromEntries(kind.attributes.map((name) => [name, "int64" as const]));
  const struct: Struct = { name: kind.goName, goType: `toxics.${kind.goName}`, fields };
  const given = decode(value ?? null, struct, "attributes.");
  return Object.fromEntries(
    kind.attributes.map((name) => [name, Number(given[name] ?? before[name] ?? 0)]),
  );
}

export function toxicView({ attributes, name, kind, stream, toxicity }: Toxic): object {
  return { attributes, name, type: kind.type, stream, toxicity: shortest(toxicity) };
}

export function proxyView({ name, listen, upstream, enabled, toxics }: ToxicProxy): object {
  return { name, listen, upstream, enabled, toxics: toxics.map(toxicView) };
}

/** The number with the fewest digits that is the same float32: 0.2, not 0.20000000298. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** What went wrong as an answer; an error that names no status is 500, as in Toxiproxy. */
export function failureOf(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure(messageOf(error), 500, error);
}

export function failureView({ message, status }: ApiFailure): object {
  return { error: message, status };
}
