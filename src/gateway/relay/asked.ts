// A client's request as the features of a route see it, and a look at one of its fields.
import { withoutBlanks } from "./blanks.ts";
import type { RequestHead } from "./messages.ts";
import type { Peer } from "./peer.ts";

export interface Asked {
  readonly head: RequestHead;
  readonly peer: Peer;
}

/** The value of a field, the first of several; `name` in small letters. */
export function fieldOf({ head: { text } }: Asked, name: string): string | undefined {
  for (let at = text.indexOf("\r\n") + 2; at > 1 && at < text.length - 2; ) {
    const end = text.indexOf("\r\n", at);
    const colon = at + name.length;
    if (text[colon] === ":" && text.slice(at, colon).toLowerCase() === name) {
      return withoutBlanks(text.slice(colon + 1, end));
    }
    at = end + 2;
  }
  return undefined;
}

/** "/cart?item=3" */
export function pathOf({ head: { text, method } }: Asked): string {
  const from = method.length + 1;
  return text.slice(from, text.indexOf(" ", from));
}

/** A cookie's value, as it was sent; undefined when there is none of that name. */
export function cookieOf(asked: Asked, name: string): string | undefined {
  for (const pair of fieldOf(asked, "cookie")?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0 && withoutBlanks(pair.slice(0, at)) === name)
      return withoutBlanks(pair.slice(at + 1));
  }
  return undefined;
}

/** A WebSocket and a stream of events last as long as somebody listens. */
export function isStream(asked: Asked): boolean {
  return asked.head.upgrades || fieldOf(asked, "accept")?.includes("text/event-stream") === true;
}
