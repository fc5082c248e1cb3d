// What a service's words on TLS can mean: files that can be read, keys that fit, names said once.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import { kindOf } from "./files.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record, texts } from "./raw.ts";
import { defaults } from "./resolve.ts";
import { type At, quote } from "./words.ts";

const ofTls = ["http2", "redirectFrom"] as const;
const ofHttp = ["tls", "back"] as const;

/** `at`: the block `gateway` of the service. */
export function checkSecure(root: Raw, gateway: Raw, at: At, folder: string): readonly Finding[] {
  const { tls, protocol, redirectFrom } = gateway;
  if (protocol === "tcp") {
    return ofHttp
      .filter((key) => gateway[key] !== undefined)
      .map((key) => ({
        at: [...at, key],
        expected: 'protocol "http"; what goes over tcp is passed on as it is, TLS too',
        got: 'protocol "tcp"',
      }));
  }
  if (tls === undefined) {
    return ofTls
      .filter((key) => gateway[key] !== undefined)
      .map((key) => ({ at: [...at, key], expected: "tls beside it", got: "a service without" }));
  }
  const place: At = [...at, "tls"];
  const pairs = Array.isArray(tls)
    ? tls.map((pair, i) => ({ pair: record(pair), at: [...place, i] }))
    : [{ pair: record(tls), at: place }];
  return [
    ...pairs.flatMap((one) => checkPair(one.pair, one.at, folder)),
    ...checkNames(pairs),
    ...checkRedirect(root, redirectFrom, [...at, "redirectFrom"]),
  ];
}

function checkPair({ cert, key }: Raw, at: At, folder: string): readonly Finding[] {
  if (typeof cert !== "string" || typeof key !== "string") return [];
  const findings: Finding[] = [];
  const read = <T>(file: string, name: string, expected: string, parse: (pem: string) => T) => {
    const found = load(isAbsolute(file) ? file : join(folder, file), parse);
    if (found.ok) return found.value;
    findings.push({ at: [...at, name], expected, got: `${quote(file)}: ${found.why}` });
    return undefined;
  };
  const certificate = read<X509Certificate>(
    cert,
    "cert",
    "a certificate in PEM",
    (pem) => new X509Certificate(pem),
  );
  const secret = read<KeyObject>(key, "key", "a key in PEM without a passphrase", createPrivateKey);
  if (certificate && secret && !certificate.checkPrivateKey(secret)) {
    const expected = `the key of ${quote(cert)}`;
    findings.push({ at: [...at, "key"], expected, got: `${quote(key)}, which is that of another` });
  }
  return findings;
}

type Loaded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

function load<T>(path: string, parse: (pem: string) => T): Loaded<T> {
  const kind = kindOf(path);
  if (kind !== "file") return { ok: false, why: kind === "folder" ? "a folder" : "no such file" };
  try {
    return { ok: true, value: parse(readFileSync(path, "latin1")) };
  } catch (error) {
    return { ok: false, why: messageOf(error) };
  }
}

function checkNames(pairs: readonly { readonly pair: Raw; readonly at: At }[]): readonly Finding[] {
  const seen = new Set<string>();
  return pairs.flatMap(({ pair, at }) =>
    texts(pair.names).flatMap(([name, i]) => {
      const entry = [...at, "names", i];
      if (!/^(?:\*\.)?(?:[\w-]{1,63}\.)*[\w-]{1,63}$/.test(name) || name.length > 253) {
        const expected = 'a host such as "shop.example.com" or "*.example.com"';
        return [{ at: entry, expected, got: quote(name) }];
      }
      const small = name.toLowerCase();
      const again = seen.has(small);
      seen.add(small);
      return again ? [{ at: entry, expected: "each name once", got: `${quote(name)} again` }] : [];
    }),
  );
}

function checkRedirect(root: Raw, value: unknown, at: At): readonly Finding[] {
  const from = number(value);
  if (from === undefined) return [];
  const dashboard = record(root.dashboard).port;
  const own = dashboard === undefined ? defaults.dashboardPort : number(dashboard);
  const services = Object.entries(record(root.services));
  const users = [
    ...(from === own ? ["the dashboard"] : []),
    ...services.flatMap(([name, service]) => (number(record(service).port) === from ? [name] : [])),
    ...services.flatMap(([name, service]) => {
      const other = number(record(record(service).gateway).redirectFrom);
      return other === from && name !== at[1] ? [`the redirect of ${name}`] : [];
    }),
  ];
  const [user] = users;
  if (user === undefined) return [];
  return [{ at, expected: "a port of its own", got: `${from}, which ${user} has` }];
}
