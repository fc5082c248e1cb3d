// Addresses and keys that may not be told: checked without being shown, and taken out of what others say.
import { HomeostatError } from "../../kernel/errors.ts";

export { type Unsaid, unsaid } from "../../kernel/unsaid.ts";

/** An address of which only the host may be seen: who knows the rest may use it. */
export interface SecretAddress {
  readonly url: URL;
  /** All that a log may show. */
  readonly host: string;
  readonly secrets: readonly string[];
}

/** @throws OPTION_INVALID that names the option and never shows what was given. */
export function secretAddress(who: string, option: string, given: unknown): SecretAddress {
  const expected = `${who}: ${option} must be an http or https address`;
  if (typeof given !== "string" || given === "") throw invalid(`${expected}, got none`);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw invalid(`${expected}; what was given is none`);
  if (url.username !== "" || url.password !== "") {
    throw invalid(`${expected} without a user and a password in it`);
  }
  const parts = url.pathname.split("/");
  return { url, host: url.host, secrets: [given, url.href, url.pathname, url.search, ...parts] };
}

/** @throws OPTION_INVALID that names the option and never shows what was given. */
export function secretText(who: string, option: string, given: unknown): string {
  if (typeof given === "string" && /^[\x21-\x7e]{1,1024}$/.test(given)) return given;
  const got = typeof given === "string" && given !== "" ? "something else" : "none";
  throw invalid(`${who}: ${option} must be a text of visible characters, got ${got}`);
}

/** Before any look at the options: who gives the address in their place does not see it printed. */
export function checkGiven(who: string, given: unknown): void {
  if (typeof given === "object" && given !== null) return;
  throw invalid(`${who}: expected options, got a ${typeof given}`);
}

export function invalid(message: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", message);
}

/** The address with `step` behind its path; a query stays where it is. */
export function under({ url }: SecretAddress, step: string): URL {
  const deeper = new URL(url);
  deeper.pathname = `${url.pathname.replace(/\/+$/, "")}${step}`;
  return deeper;
}
