// Masks secrets, and takes out what is not text, before a line is kept or shown.
import { builtin } from "./builtin.ts";

const mask = "***";

/** Lines are cut here first: what is kept must be readable, and time is bounded. */
const longest = 65_536;

// Each pattern starts at a fixed word and bounds its repeats, so that a long line without any
// separator costs linear time; a prefix such as `\w*password` would cost quadratic time.
const word =
  "(?:pass(?:word|wd|phrase)|pwd|secret|credential|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key)[\\w-]{0,32}|" +
  "(?:token|session[-_]?id|signature|auth)";
const gap = "(?:\\\\?[\"'`\\]]){0,2}[ \\t]{0,3}(?:=>|[:=])[ \\t]{0,3}";
const quoted = '\\\\?"(?:[^"\\\\]|\\\\[^"])*|\'(?:[^\'\\\\]|\\\\.)*|`[^`]*|\\[[^\\]\\r\\n]*';

const rules: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  // Whole header lines: their values contain spaces, commas and semicolons.
  [new RegExp(`((?:set-)?cookie${gap}\\[)[^\\]\\r\\n]+`, "gi"), `$1${mask}`],
  [
    new RegExp(
      `((?:proxy-)?authorization|(?:set-)?cookie)(${gap})(\\\\?["'\`]?)(?![ \\t]*\\[)[^"'\`\\\\\\r\\n]+`,
      "gi",
    ),
    `$1$2$3${mask}`,
  ],
  [new RegExp(`(${word})(${gap})(${quoted}|[^\\s"'\`,;&)}\\]]+)`, "gi"), maskValue],
  [
    /(--[\w-]{0,32}?(?:password|passphrase|secret|token|api-?key)[ \t]{1,3})(?!-)\S+/gi,
    `$1${mask}`,
  ],
  [/\b(bearer|basic)[ \t]+[\w.~+/=-]{8,}/gi, `$1 ${mask}`],
  [/(:\/\/[^\s:/@?#"']{0,256}:)[^\s/?#"']{1,512}@/g, `$1${mask}@`],
  [/(https?:\/\/)[^\s:/@?#"']{1,512}@/gi, `$1${mask}@`],
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, mask],
  // Tokens that tell by their shape what they are.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, mask],
  [
    /\b(?:gh[opsur]_|github_pat_|glpat-|npm_|sk-|[sr]k_(?:live|test)_|xox[abprs]-)[\w-]{16,}/g,
    mask,
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, mask],
];

/**
 * The line with the values of passwords, tokens, keys, cookies and credentials in URLs replaced by
 * `***`. It knows names and shapes, not meanings: a secret under an unusual name stays.
 */
export function redact(line: string): string {
  let text = line.length > longest ? `${line.slice(0, longest)}…` : line;
  for (const [pattern, replacement] of rules) {
    text =
      typeof replacement === "string"
        ? text.replace(pattern, replacement)
        : text.replace(pattern, replacement);
  }
  return text;
}

/**
 * The line without colours and control characters, which could write over a person's terminal; cut
 * after 4096 characters. Do this before {@link redact}: a colour may stand between name and value.
 */
export function plain(line: string): string {
  // Node's own expression for these sequences takes quadratic time on hostile text.
  const head = line.length > 4_096 ? `${line.slice(0, 4_096)}…` : line;
  return builtin("node:util")
    .stripVTControlCharacters(head)
    .replaceAll(/[\p{Cc}\u2028\u2029]/gu, " ");
}

/** Keeps the opening quote, so that the line still reads as what it was. */
function maskValue(_all: string, key = "", separator = "", value = ""): string {
  const quote = /^(?:\\?["'`]|\[)/.exec(value)?.[0] ?? "";
  return `${key}${separator}${quote}${mask}`;
}
