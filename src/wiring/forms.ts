// What some words of a config must look like, for those who read it without the checker of its shape.
import type { At } from "./words.ts";

/** Of a service, a channel and the project. */
export const nameOfService: RegExp = /^[a-z][a-z0-9-]{0,38}$/;
export const namePhrase = 'a name of small letters, digits and "-", such as "web", at most 39 long';
export const servicesMax = 100;

/** "db.example.com:5432", "[::1]:5432". */
export const placeForm: RegExp =
  /^(?:\[(?<six>[\da-fA-F:.]+)\]|(?<name>[\w.-]{1,253})):(?<port>\d{1,5})$/;

/** `udp://host:514`, `tcp://host:601`, `tls://[::1]:6514`; the port may be left out. */
export const syslogForm: RegExp =
  /^(?<scheme>udp|tcp|tls):\/\/(?:\[(?<six>[\da-fA-F:.]+)\]|(?<name>[\w.-]{1,253}))(?::(?<port>\d{1,5}))?\/?$/;

export const toxicProxiesMax = 256;
/** A name is part of a path of the API. */
export const toxicName: RegExp = /^[\w.:-]{1,100}$/;
export const toxicNamePhrase = 'a name of letters, digits, "_", ".", ":" and "-", such as "redis"';

/** KB, MB, GB are powers of 1000; KiB, MiB, GiB of 1024. */
export const sizeForm: RegExp = /^(\d{1,7}(?:\.\d{1,3})?)([KMG])(i?)B$/;

/** Undefined for what is no amount. */
export function logBytesOf(value: string): number | undefined {
  const [, count, unit = "", binary] = sizeForm.exec(value) ?? [];
  if (count === undefined) return undefined;
  return Math.round(Number(count) * (binary ? 1_024 : 1_000) ** ("KMG".indexOf(unit) + 1));
}

const secretNames = new Set(["token", "routingKey", "secret"]);

/** What stands here may be a secret, and is not repeated in what is said of it. */
export function isSecret(at: At): boolean {
  if (secretNames.has(String(at.at(-1)))) return true;
  return at[0] === "notify" && at.length > 3 && (at.at(-1) === "url" || at.at(-2) === "headers");
}
