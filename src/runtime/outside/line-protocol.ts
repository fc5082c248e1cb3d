// Points as lines for InfluxDB: escaped so that no value can end a line or become another field.

/** A number is a float, a bigint an integer: 1 and 1.5 of one field must not differ in type. */
export type FieldValue = number | bigint | boolean | string;

export interface Point {
  readonly measurement: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Milliseconds since the Unix epoch; default: when it was written. */
  readonly at?: number;
}

const mostTags = 64;
const mostFields = 256;
const longestName = 1_000;
/** InfluxDB keeps texts of 64 KB; a character has 3 bytes at most. */
const longestText = 16_384;
/** More is no point but a mistake, and one such line could fill the queue. */
const longestLine = 262_144;

const least64 = -(2n ** 63n);
const most64 = 2n ** 63n - 1n;

/**
 * One line of line protocol v2, also read by v1 and v3, its time in milliseconds; undefined for a
 * point that no server takes: without a name or a field, or of more than 262,144 characters. Fields
 * that are not finite, integers beyond 64 bits and empty tags are left out. A line feed, a carriage
 * return and a tab become `\n`, `\r` and `\t`, as the official client writes them; a backslash in a
 * name or tag that would escape what follows becomes "/", as no server can read one there.
 * Source: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
 */
export function encodePoint({ measurement, tags = {}, fields, at }: Point): string | undefined {
  const name = clean(measurement).replaceAll(/[, ]/g, "\\$&");
  // A line that begins with "#" is a comment.
  if (name === "" || name.startsWith("#")) return undefined;
  const tagged = entries(tags, mostTags)
    .map(([key, value]) => [clean(key), clean(value)] as const)
    .filter(([key, value]) => key !== "" && value !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `,${escaped(key)}=${escaped(value)}`);
  const valued = entries(fields, mostFields).flatMap(([key, value]) => {
    const [field, text] = [clean(key), encodeValue(value)];
    return field === "" || text === undefined ? [] : [`${escaped(field)}=${text}`];
  });
  if (valued.length === 0) return undefined;
  const time = at !== undefined && Number.isFinite(at) ? ` ${Math.round(at)}` : "";
  const line = `${name}${tagged.join("")} ${valued.join(",")}${time}`;
  return line.length > longestLine ? undefined : line;
}

function entries<Value>(
  given: Readonly<Record<string, Value>>,
  most: number,
): readonly (readonly [string, Value])[] {
  return Object.entries(given).slice(0, most);
}

/** What stays of a field's value; undefined when it cannot be said. */
function encodeValue(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    case "bigint":
      return value >= least64 && value <= most64 ? `${value}i` : undefined;
    case "boolean":
      return String(value);
    case "string":
      return `"${spelled(value, longestText).replaceAll(/["\\]/g, "\\$&")}"`;
    default:
      return undefined;
  }
}

function escaped(name: string): string {
  return name.replaceAll(/[,= ]/g, "\\$&");
}

function clean(name: string): string {
  return spelled(String(name), longestName).replaceAll(/\\(?=[,= "\\]|$)/g, "/");
}

/** Without what cannot stand in a line, in any of its places. */
function spelled(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, (char) => spelling[char] ?? " ");
}

const spelling: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
