// What the shape of Toxiproxy's settings cannot tell: names, ports in range, and whose they are.
import { toxicName, toxicNamePhrase, toxicProxiesMax } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record } from "./raw.ts";
import { defaults } from "./resolve.ts";
import { toxiproxyPort } from "./resolve-toxiproxy.ts";
import { quote } from "./words.ts";

export function checkToxiproxy(root: Raw): readonly Finding[] {
  if (root.toxiproxy === undefined) return [];
  const toxiproxy = record(root.toxiproxy);
  const proxies = Object.entries(record(toxiproxy.proxies));
  const owners = ownersOf(root);
  const findings: Finding[] = [];
  const claim = (port: number | undefined, at: Finding["at"], who: string): void => {
    const other = port === undefined ? undefined : owners.get(port);
    if (other !== undefined) {
      findings.push({ at, expected: "a port of its own", got: `${port}, which ${other} has` });
    }
    if (port !== undefined && port > 0) owners.set(port, who);
  };
  const own = toxiproxy.port === undefined ? toxiproxyPort : number(toxiproxy.port);
  claim(own, ["toxiproxy", "port"], "the API of toxiproxy");
  if (proxies.length > toxicProxiesMax) {
    const expected = `at most ${toxicProxiesMax} proxies`;
    findings.push({ at: ["toxiproxy", "proxies"], expected, got: String(proxies.length) });
  }
  for (const [name, value] of proxies) {
    const at = ["toxiproxy", "proxies", name];
    if (!toxicName.test(name)) findings.push({ at, expected: toxicNamePhrase, got: quote(name) });
    const { listen, upstream } = record(value);
    findings.push(...checkPort(listen, [...at, "listen"], 0));
    findings.push(...checkPort(upstream, [...at, "upstream"], 1));
    claim(portOf(listen), [...at, "listen"], `the proxy ${name}`);
  }
  return findings;
}

/** Ports that something else of this config opens. */
function ownersOf(root: Raw): Map<number, string> {
  const dashboard = record(root.dashboard).port;
  const own = dashboard === undefined ? defaults.dashboardPort : number(dashboard);
  const owners = new Map<number, string>();
  if (own !== undefined) owners.set(own, "the dashboard");
  for (const [name, value] of Object.entries(record(root.services))) {
    const { port, sockets } = record(value);
    const held = Array.isArray(sockets) ? sockets.map((it) => record(it).port) : [];
    for (const one of [port, ...held].map(number)) if (one !== undefined) owners.set(one, name);
  }
  return owners;
}

function portOf(address: unknown): number | undefined {
  const digits = typeof address === "string" ? /:(\d{1,5})$/.exec(address)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

function checkPort(address: unknown, at: Finding["at"], from: number): readonly Finding[] {
  const port = portOf(address);
  if (port === undefined || (port >= from && port <= 65_535)) return [];
  return [{ at, expected: `a port from ${from} to 65535`, got: String(port) }];
}
