// Reads the tags of an HTML page: enough to find forms, hidden fields and tokens, and no more.

export interface Tag {
  /** In small letters. */
  readonly name: string;
  readonly closing: boolean;
  readonly attributes: ReadonlyMap<string, string>;
  /** The text up to the next tag; of a textarea all that it holds. */
  readonly text: string;
}

const tagStart = /<(?:!--|(\/?)([a-zA-Z][^\s/>]*))/g;
const attribute = /[\s/]*([^\s=/>"'][^\s=/>]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/y;
/** What stands in these is text, whatever it looks like. */
const raw: ReadonlySet<string> = new Set(["script", "style", "textarea", "title"]);
const mostTags = 50_000;

/** The tags in their order; after 50,000 the rest of the page is left out. */
export function tagsOf(html: string): readonly Tag[] {
  const tags: Tag[] = [];
  let at = 0;
  while (tags.length < mostTags) {
    tagStart.lastIndex = at;
    const found = tagStart.exec(html);
    if (!found) break;
    const [whole, slash, word] = found;
    if (word === undefined) {
      const end = html.indexOf("-->", found.index + whole.length);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    const name = word.toLowerCase();
    const { attributes, end } = readAttributes(html, found.index + whole.length);
    at = slash === "" && raw.has(name) ? endOfRaw(html, name, end) : end;
    const textEnd = at > end ? at : nextTag(html, end);
    const text = decode(html.slice(end, textEnd));
    tags.push({ name, closing: slash === "/", attributes, text });
  }
  return tags;
}

function readAttributes(
  html: string,
  from: number,
): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>();
  attribute.lastIndex = from;
  let at = from;
  for (let found = attribute.exec(html); found; found = attribute.exec(html)) {
    const [, name = "", double, single, bare] = found;
    const key = name.toLowerCase();
    if (!attributes.has(key)) attributes.set(key, decode(double ?? single ?? bare ?? ""));
    at = attribute.lastIndex;
  }
  const close = html.indexOf(">", at);
  return { attributes, end: close < 0 ? html.length : close + 1 };
}

function endOfRaw(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}[\\s/>]`, "gi");
  close.lastIndex = from;
  return close.exec(html)?.index ?? html.length;
}

function nextTag(html: string, from: number): number {
  const next = html.indexOf("<", from);
  return next < 0 ? html.length : next;
}

const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

/** The character references that pages really use; others stay as they are. */
function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi,
    (whole, ten, hex, name) => {
      if (name !== undefined) return named[name.toLowerCase()] ?? whole;
      const code = ten === undefined ? Number.parseInt(hex, 16) : Number(ten);
      return code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** The opening tags that `selector` means: `input`, `#id`, `.class`, `[name=q]` and these together. */
export function select(tags: readonly Tag[], selector: string): readonly Tag[] | undefined {
  const shape = /^([a-z][\w-]*)?((?:[#.][\w-]+|\[[\w:-]+(?:=(?:"[^"]*"|'[^']*'|[^\]]*))?\])*)$/i;
  const [whole, tag, rest = ""] = shape.exec(selector.trim()) ?? [];
  if (whole === undefined || whole === "") return undefined;
  const parts = rest.match(/[#.][\w-]+|\[[^\]]*\]/g) ?? [];
  return tags.filter(
    (one) =>
      !one.closing &&
      (tag === undefined || one.name === tag.toLowerCase()) &&
      parts.every((part) => fits(one, part)),
  );
}

function fits({ attributes }: Tag, part: string): boolean {
  if (part.startsWith("#")) return attributes.get("id") === part.slice(1);
  if (part.startsWith(".")) {
    return (attributes.get("class") ?? "").split(/\s+/).includes(part.slice(1));
  }
  const [, name = "", , value] = /^\[([^=\]]+)(=)?(.*)\]$/.exec(part) ?? [];
  const found = attributes.get(name.toLowerCase());
  return part.includes("=")
    ? found === value?.replace(/^(["'])(.*)\1$/, "$2")
    : found !== undefined;
}

const tokenNames: readonly string[] = [
  "csrf-token",
  "csrf_token",
  "csrfToken",
  "_csrf",
  "csrf",
  "_token",
  "csrfmiddlewaretoken",
  "authenticity_token",
  "__RequestVerificationToken",
  "xsrf-token",
  "_xsrf",
];

/**
 * The token of a page: of the `<input>` or `<meta>` with this name, of the tag that a selector means,
 * or under the first of the names that frameworks use.
 */
export function tokenIn(html: string, nameOrSelector?: string): string | undefined {
  const tags = tagsOf(html).filter(({ closing }) => !closing);
  const names = nameOrSelector === undefined ? tokenNames : [nameOrSelector];
  for (const name of names) {
    const found = tags.find(
      (tag) => (tag.name === "input" || tag.name === "meta") && tag.attributes.get("name") === name,
    );
    const value = found && valueIn(found);
    if (value) return value;
  }
  const chosen = nameOrSelector === undefined ? undefined : select(tags, nameOrSelector)?.[0];
  return chosen && (valueIn(chosen) || undefined);
}

function valueIn({ attributes, text }: Tag): string {
  return attributes.get("value") ?? attributes.get("content") ?? text.trim();
}
