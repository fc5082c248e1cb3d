// JSON that loses no number: NaN, the infinities and −0 survive, everything else is plain JSON.

const tag = "$number";
const opening = `{"${tag}":`;

/** Plain JSON, save that a number JSON cannot carry becomes `{"$number":"Infinity"}`. */
export function stringifyExact(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "number") return part;
    if (Object.is(part, -0)) return { [tag]: "-0" };
    return Number.isFinite(part) ? part : { [tag]: String(part) };
  });
}

/** @throws SyntaxError when `text` is not JSON. */
export function parseExact(text: string): unknown {
  // A reviver costs several times the parse itself, and hardly any text needs one.
  if (!text.includes(opening)) return JSON.parse(text);
  return JSON.parse(text, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null || !(tag in part)) return part;
    const named = part[tag];
    return typeof named === "string" && Object.keys(part).length === 1 ? Number(named) : part;
  });
}
