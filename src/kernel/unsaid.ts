// Takes known secrets, and what looks like one, out of a text before anybody is told it.
import { plain, redact } from "./redact.ts";

const mask = "***";

/** A shorter one would take letters out of ordinary words. */
const shortest = 6;

/** A function that takes these secrets, and what looks like one, out of one line of text. */
export type Unsaid = (text: string) => string;

export function unsaid(secrets: readonly string[]): Unsaid {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  // The longest first: one may hold another.
  const known = [...new Set(forms)]
    .filter(({ length }) => length >= shortest)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const said = known.reduce((left, secret) => left.replaceAll(secret, mask), text);
    return redact(plain(said));
  };
}
