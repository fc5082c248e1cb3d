// Certificates and their keys, read from files; the one that is for a host.
import type { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { SecureContext } from "node:tls";
import { builtin } from "../../kernel/builtin.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { RouteCertificate } from "../../protocol/gateway-secure.ts";

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly context: SecureContext;
  /** In small letters; "*.example.com" is for one label. */
  readonly names: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
}

/** Older ones are broken. Source: RFC 8996. */
export const minVersion = "TLSv1.2";

/** Two that are equal are the same files as before. */
export async function stampOf(certificates: readonly RouteCertificate[]): Promise<string> {
  const paths = certificates.flatMap(({ cert, key }) => [cert, key]);
  const stamps = paths.map((path) =>
    stat(path).then(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`, messageOf),
  );
  return (await Promise.all(stamps)).join("\n");
}

/** @throws Error naming the file that is not in order. */
export async function loadCertificates(
  wanted: readonly RouteCertificate[],
): Promise<readonly Certificate[]> {
  return Promise.all(wanted.map(loadOne));
}

async function loadOne({ cert, key, names }: RouteCertificate): Promise<Certificate> {
  const [certBytes, keyBytes] = await Promise.all([readFile(cert), readFile(key)]);
  const read = at(cert, () => new (builtin("node:crypto").X509Certificate)(certBytes));
  // This is also what finds a key that is not that of the certificate.
  const context = at(key, () =>
    builtin("node:tls").createSecureContext({ cert: certBytes, key: keyBytes, minVersion }),
  );
  const ownNames = names ?? namesOf(read);
  return {
    ...{ cert: certBytes, key: keyBytes, context },
    names: ownNames.map((name) => name.toLowerCase()),
    notAfterMs: Date.parse(read.validTo),
  };
}

function at<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Error(`${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Of hosts; a certificate without alternative names is for none. Source: RFC 9525 section 2. */
export function namesOf({ subjectAltName = "" }: X509Certificate): readonly string[] {
  const names = subjectAltName.split(", ").map((entry) => /^DNS:(.+)$/.exec(entry)?.[1]);
  return names.filter((name) => name !== undefined);
}

/** An exact name wins over "*.…"; else the first. */
export function certificateFor(
  certificates: readonly Certificate[],
  host: string,
): Certificate | undefined {
  const name = host.toLowerCase();
  const wide = name.replace(/^[^.]+/, "*");
  const find = (wanted: string): Certificate | undefined =>
    certificates.find(({ names }) => names.includes(wanted));
  return find(name) ?? find(wide) ?? certificates[0];
}
