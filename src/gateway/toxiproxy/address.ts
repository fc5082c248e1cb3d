// Addresses as Go's net package reads and writes them, and its words for what is wrong with them.
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { messageOf } from "../../kernel/errors.ts";
import { ApiFailure } from "./failure.ts";

export interface Place {
  /** Empty for every address of this machine. */
  readonly host: string;
  readonly port: number;
}

/** @throws an Error in the words of Go: "address x: missing port in address" */
export function placeOf(address: string): Place {
  if (address === "") return { host: "", port: 0 };
  const wrong = (why: string): Error => new Error(`address ${address}: ${why}`);
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw wrong("missing port in address");
  const host = address.slice(0, colon);
  const bracketed = /^\[([^[\]]*)\]$/.exec(host)?.[1];
  if (bracketed === undefined && host.includes(":")) throw wrong("too many colons in address");
  return { host: bracketed ?? host, port: portOf(address.slice(colon + 1)) };
}

function portOf(text: string): number {
  if (text === "") return 0;
  if (!/^\d+$/.test(text)) throw new Error(`lookup tcp/${text}: unknown port`);
  if (text.length > 5 || Number(text) > 65_535) throw new Error(`address ${text}: invalid port`);
  return Number(text);
}

export function addressOf({ host, port }: Place): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** With its host as an IP address, IPv4 first; every address of the machine is "::". @throws as `placeOf` */
export async function resolved(address: string): Promise<Place> {
  const { host, port } = placeOf(address);
  if (host === "" || host === "0.0.0.0" || host === "::") return { host: "::", port };
  if (isIP(host) !== 0) return { host, port };
  const found = await lookup(host, { all: true }).catch(() => []);
  const first = found.find(({ family }) => family === 4) ?? found[0];
  if (!first) throw new Error(`lookup ${host}: no such host`);
  return { host: first.address, port };
}

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "cannot assign requested address",
};

/** "listen tcp 127.0.0.1:80: bind: permission denied" */
export function listenFailure(place: Place, error: unknown): ApiFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const at = addressOf(place.host === "::" ? { ...place, host: "" } : place);
  return new ApiFailure(`listen tcp ${at}: bind: ${words[code] ?? messageOf(error)}`, 500, error);
}
