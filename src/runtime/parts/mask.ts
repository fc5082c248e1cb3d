// Takes secrets out of text before any sink sees it: by name and shape, and those it was told.
import { plain, redact } from "../../kernel/redact.ts";

const mask = "***";
const longest = 16_384;
const longestLine = 4_096;
const mostLines = 100;
const mostSecrets = 1_000;

/** What kernel/redact, which knows single lines, leaves: keys over lines and addresses that are keys. */
const rules: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g,
    mask,
  ],
  // Who knows the path may ping, post or alarm: the path is the secret.
  [
    /(https?:\/\/(?:hc-ping\.com|(?:[\w-]{1,63}\.){0,4}healthchecks\.io\/ping|cronitor\.link(?:\/p)?|hooks\.slack\.com\/\w{1,20}|(?:\w{1,20}\.)?discord(?:app)?\.com\/api\/webhooks|[\w-]{1,63}\.webhook\.office\.com)\/)[^\s"'`<>\\]+/gi,
    `$1${mask}`,
  ],
  [/(https?:\/\/api\.telegram\.org\/bot)[^\s"'`<>\\]+/gi, `$1${mask}`],
  // HC_PING_URL=https://…, pingUrl: "https://…"
  [
    /((?:ping|hook|heartbeat)[-_]?ur[il](?:\\?["'`\]]){0,2}[ \t]{0,3}(?:=>|[:=])[ \t]{0,3}\\?["'`]?[a-z]{2,10}:\/\/[^\s"'`/?#\\]{0,255})[^\s"'`<>,;\\]*/gi,
    `$1/${mask}`,
  ],
  [/([?&](?:key|sig|sas|code|hash|pass|pwd)=)[^\s"'`&<>]{12,}/gi, `$1${mask}`],
];

export interface Mask {
  /** The text with `***` for secrets, free of control characters; lines stay lines. */
  text(text: string): string;
  /** From now on this value is masked wherever it stands. */
  add(secret: string): void;
}

/** Values of less than 6 characters are not taken: they would mask half of every line. */
export function createMask(secrets: readonly string[] = []): Mask {
  const known = new Set<string>();
  let pattern: RegExp | undefined;
  const add = (secret: string): void => {
    if (secret.length < 6 || known.size >= mostSecrets) return;
    known.add(secret);
    // The longest first: one may begin with another.
    const all = [...known].sort((a, b) => b.length - a.length);
    pattern = new RegExp(all.map(literal).join("|"), "g");
  };
  for (const secret of secrets) add(secret);
  return {
    add,
    text: (text) => {
      const head = cut(text, longest);
      return maskedText(pattern ? head.replaceAll(pattern, mask) : head);
    },
  };
}

function maskedText(text: string): string {
  let masked = text;
  for (const [pattern, replacement] of rules) masked = masked.replace(pattern, replacement);
  const lines = masked.split(/\r?\n/);
  const kept = lines.slice(0, mostLines).map((line) => redact(plain(cut(line, longestLine - 1))));
  if (lines.length > mostLines) kept.push(`… ${lines.length - mostLines} more lines`);
  return kept.join("\n");
}

/** One that is longer is no secret. */
const longestWord = 1_000;

/** Cut between words: half a secret is not recognised as one. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = text.slice(0, most - 1);
  const least = Math.max(0, head.length - longestWord);
  let end = head.length;
  while (end > least && /\S/.test(head.charAt(end - 1))) end -= 1;
  return `${head.slice(0, end)}…`;
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const always =
  /^(?:pass(?:word|wd|phrase)|pwd|secrets?|credentials?|authorization|cookies?|dsn|apikey)$/;
const last = /^(?:token|signature|auth|pass|sid|otp|pin)$/;
const pairs = /(?:^| )(?:(?:api|access|private|secret|signing|encryption) key|session id)s?(?: |$)/;

/** A field with such a name holds a secret, whatever it looks like. `maxTokens` is none. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(0, 200)
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  return (
    words.some((word) => always.test(word)) ||
    last.test(words.at(-1) ?? "") ||
    pairs.test(words.join(" "))
  );
}

/** A field whose address is a key in itself: who knows it may use it. */
export function isSecretAddress(name: string): boolean {
  return /(?:ping|hook|heartbeat)[-_]?ur[il]$/i.test(name.slice(-100));
}

/** `https://hc-ping.com/***`: where it goes stays to be seen. */
export function maskAddress(address: string): string {
  const origin = /^([a-z][a-z0-9+.-]{0,20}:\/\/)(?:[^\s/?#]{0,512}@)?([^\s/?#@]{1,255})/i.exec(
    address,
  );
  return origin ? `${origin[1]}${origin[2]}/${mask}` : mask;
}

export { mask as masked };
