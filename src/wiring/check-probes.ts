// What the probes of one service say together: one kind each, patterns that can be read, files.
import { isAbsolute, join } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import { kindOf } from "./files.ts";
import { namesIn, placeholders } from "./placeholders.ts";
import type { Finding } from "./problem.ts";
import { ms, type Raw, record } from "./raw.ts";
import { type At, either, quote, show, span } from "./words.ts";

const parts = ["startup", "readiness", "liveness"] as const;
const kinds = ["http", "tcp", "exec", "grpc", "file", "link", "notify"] as const;
const usualTimeoutMs = 1_000;

export function checkProbes(service: Raw, at: At, folder: string): readonly Finding[] {
  const { probes } = service;
  if (typeof probes !== "object" || probes === null || Array.isArray(probes)) return [];
  const all = record(probes);
  const here = [...at, "probes"];
  if (service.probe !== undefined) {
    const got = "both: startup, readiness and liveness say it all";
    return [{ at: here, expected: "probe or probes", got }];
  }
  const given = parts.filter((part) => all[part] !== undefined);
  if (given.length === 0) {
    return [{ at: here, expected: `one of ${either(parts)} at least`, got: "none of them" }];
  }
  return given.flatMap((part) => checkProbe(all[part], [...here, part], folder));
}

function checkProbe(value: unknown, at: At, folder: string): readonly Finding[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const probe = record(value);
  const findings: Finding[] = [];
  const named = kinds.filter((kind) => probe[kind] !== undefined);
  if (named.length !== 1) {
    const got = named.length === 0 ? "none of them" : named.join(" and ");
    findings.push({ at, expected: `one of ${either(kinds)}`, got });
  }
  const timeoutMs = ms(probe.timeout) ?? usualTimeoutMs;
  const slowMs = ms(probe.slowAfter);
  if (slowMs !== undefined && slowMs >= timeoutMs) {
    const expected = `less than timeout, ${span(timeoutMs)}`;
    findings.push({ at: [...at, "slowAfter"], expected, got: span(slowMs) });
  }
  return [
    ...findings,
    ...checkHttp(record(probe.http), [...at, "http"], folder),
    ...checkTcp(record(probe.tcp), [...at, "tcp"]),
    ...checkFile(record(probe.file), [...at, "file"]),
  ];
}

function checkHttp(http: Raw, at: At, folder: string): readonly Finding[] {
  const findings: Finding[] = [];
  const { bodyMatches, method } = http;
  if (typeof bodyMatches === "string") {
    const why = patternFault(bodyMatches);
    const expected = "a regular expression of JavaScript";
    if (why !== undefined) findings.push({ at: [...at, "bodyMatches"], expected, got: why });
  }
  for (const name of Object.keys(record(http.headers))) {
    if (/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) continue;
    const expected = 'a name such as "X-Probe"';
    findings.push({ at: [...at, "headers", name], expected, got: quote(name) });
  }
  for (const key of ["body", "bodyMatches"]) {
    if (method !== "HEAD" || http[key] === undefined) continue;
    const expected = "another method than HEAD, which has no body";
    findings.push({ at: [...at, key], expected, got: show(http[key]) });
  }
  const { ca } = record(http.https);
  if (typeof ca === "string" && ca !== "") {
    const full = isAbsolute(ca) ? ca : join(folder, ca);
    if (kindOf(full) !== "file") {
      findings.push({ at: [...at, "https", "ca"], expected: "a file that exists", got: quote(ca) });
    }
  }
  return findings;
}

function patternFault(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What is sent and never listened to tells no more than the connection. */
function checkTcp(tcp: Raw, at: At): readonly Finding[] {
  if (tcp.send === undefined || tcp.expect !== undefined) return [];
  return [{ at: [...at, "expect"], expected: "what must be answered to send", got: "nothing" }];
}

function checkFile({ path }: Raw, at: At): readonly Finding[] {
  if (typeof path !== "string") return [];
  const known: readonly string[] = placeholders;
  const other = namesIn(path).find((name) => !known.includes(name));
  if (other === undefined) return [];
  const expected = `a path with no other placeholders than ${either(known)}`;
  return [{ at: [...at, "path"], expected, got: quote(`\${${other}}`) }];
}
