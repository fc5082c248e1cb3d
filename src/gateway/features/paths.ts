// Whether a path lies under another one: "/cart" holds "/cart", "/cart/3" and "/cart?item=3".

/** What ends with "/" holds all that begins so; "/" holds everything. */
export function isUnder(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return prefix.endsWith("/") || next === undefined || next === "/" || next === "?";
}

/** Without what follows "?". */
export function withoutQuery(path: string): string {
  const at = path.indexOf("?");
  return at < 0 ? path : path.slice(0, at);
}
