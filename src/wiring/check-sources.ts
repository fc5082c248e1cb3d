// What the settings of sources say together: whose ports they are, who may reach them, which services.
import type { Finding } from "./problem.ts";
import { ms, number, type Raw, record } from "./raw.ts";
import { defaults } from "./resolve.ts";
import { otlpPort } from "./resolve-sources.ts";
import { fillSecret, type Surroundings } from "./secret.ts";
import { type At, quote } from "./words.ts";

const receivers = ["otlp", "remoteWrite", "alertmanager"] as const;
const loopback = /^(?:localhost|::1|127(?:\.\d{1,3}){3})$/;
const queriesMax = 100;
/** As that of the dashboard. */
const tokenMin = 16;

export function checkSources(root: Raw, around: Surroundings): readonly Finding[] {
  if (root.sources === undefined) return [];
  const sources = record(root.sources);
  const pulls = Array.isArray(sources.prometheus) ? sources.prometheus.map(record) : [];
  const logs = Array.isArray(sources.logs) ? sources.logs.map(record) : [];
  const all: readonly (readonly [At, Raw])[] = [
    ...receivers
      .filter((kind) => sources[kind] !== undefined)
      .map((kind) => [["sources", kind], record(sources[kind])] as const),
    ...pulls.map((it, i) => [["sources", "prometheus", i], it] as const),
  ];
  return [
    ...checkPorts(sources, root),
    ...all.flatMap(([at, it]) => [
      ...checkServices(it, at, root),
      ...checkToken(it.token, [...at, "token"], around, at[1] === "prometheus" ? 1 : tokenMin),
      ...checkHost(it, at),
    ]),
    ...pulls.flatMap((it, i) => checkPull(it, ["sources", "prometheus", i])),
    ...logs.flatMap((it, i) => checkServices(it, ["sources", "logs", i], root)),
  ];
}

function checkPorts(sources: Raw, root: Raw): readonly Finding[] {
  const owners = ownersOf(root);
  return receivers.flatMap((kind) => {
    if (sources[kind] === undefined) return [];
    const given = number(record(sources[kind]).port);
    const port = given ?? (kind === "otlp" ? otlpPort : undefined);
    const other = port === undefined ? undefined : owners.get(port);
    if (port !== undefined && other === undefined) owners.set(port, `sources.${kind}`);
    if (other === undefined) return [];
    const got = `${port}, which ${other} has`;
    return [{ at: ["sources", kind, "port"], expected: "a port of its own", got }];
  });
}

function ownersOf(root: Raw): Map<number, string> {
  const own = record(root.dashboard).port;
  const owners = new Map<number, string>();
  owners.set(number(own) ?? defaults.dashboardPort, "the dashboard");
  for (const [name, value] of Object.entries(record(root.services))) {
    const port = number(record(value).port);
    if (port !== undefined) owners.set(port, name);
  }
  return owners;
}

function checkHost({ host, token }: Raw, at: At): readonly Finding[] {
  if (typeof host !== "string" || loopback.test(host) || token !== undefined) return [];
  const expected = `text of 16 to 512 characters, because ${quote(host)} can be reached from outside`;
  return [{ at: [...at, "token"], expected, got: "nothing" }];
}

function checkToken(
  token: unknown,
  at: At,
  around: Surroundings,
  atLeast: number,
): readonly Finding[] {
  if (typeof token !== "string") return [];
  const secret = fillSecret(token, around);
  if (!secret.ok) return [{ at, expected: secret.expected, got: secret.got }];
  if (secret.value.length >= atLeast || !token.startsWith("${")) return [];
  const expected = `a variable of at least ${atLeast} characters`;
  return [{ at, expected, got: `${secret.value.length}` }];
}

function checkServices(source: Raw, at: At, root: Raw): readonly Finding[] {
  const known = new Set([
    ...Object.keys(record(root.services)),
    ...Object.keys(record(root.external)),
  ]);
  const meant: (readonly [At, unknown])[] = Object.entries(record(source.services)).map(
    ([theirs, ours]) => [[...at, "services", theirs], ours],
  );
  if (source.service !== undefined) meant.push([[...at, "service"], source.service]);
  return meant.flatMap(([where, name]) => {
    if (typeof name !== "string" || known.has(name)) return [];
    return [{ at: where, expected: "a service of this config", got: quote(name) }];
  });
}

function checkPull(pull: Raw, at: At): readonly Finding[] {
  const findings: Finding[] = [];
  const { scrape, url, queries, every, timeout } = pull;
  if ((scrape === undefined) === (url === undefined)) {
    const got = url === undefined ? "none of them" : "both";
    findings.push({ at, expected: "one of scrape and url", got });
  }
  const count = Object.keys(record(queries)).length;
  if (url !== undefined && (count === 0 || count > queriesMax)) {
    const expected = `1 to ${queriesMax} queries`;
    findings.push({ at: [...at, "queries"], expected, got: count === 0 ? "none" : `${count}` });
  }
  if (scrape !== undefined && url === undefined && queries !== undefined) {
    const expected = "a url beside it, in place of scrape";
    findings.push({ at: [...at, "queries"], expected, got: "scrape" });
  }
  const [everyMs, timeoutMs] = [ms(every) ?? 15_000, ms(timeout)];
  if (timeoutMs !== undefined && timeoutMs > everyMs) {
    const expected = `at most every, ${everyMs} ms`;
    findings.push({ at: [...at, "timeout"], expected, got: `${timeoutMs} ms` });
  }
  return findings;
}
