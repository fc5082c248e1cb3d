// What the settings of what lies outside say together: names that are taken, ways to know how it is.
import { nameOfService, namePhrase, servicesMax } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { type Raw, record } from "./raw.ts";
import { quote } from "./words.ts";

const ways = ["http", "tcp", "exec"] as const;
const ofProbes = ["interval", "timeout", "failures", "successes"] as const;

export function checkExternal(root: Raw): readonly Finding[] {
  const all = Object.entries(record(root.external));
  if (all.length > servicesMax) {
    const got = String(all.length);
    return [{ at: ["external"], expected: `at most ${servicesMax} services`, got }];
  }
  return [
    ...all.flatMap(([name]) => checkName(name, root)),
    ...all.flatMap(([name, value]) => checkWays(name, record(value), root)),
    ...checkMonitors(all),
  ];
}

function checkName(name: string, root: Raw): readonly Finding[] {
  const at = ["external", name];
  if (name in {}) {
    const got = `${quote(name)}, which JavaScript keeps for itself`;
    return [{ at, expected: "another name", got }];
  }
  if (!nameOfService.test(name)) return [{ at, expected: namePhrase, got: quote(name) }];
  const services = Object.entries(record(root.services));
  if (services.some(([other]) => other === name)) {
    return [{ at, expected: "a name that no service has", got: `${quote(name)}, a service` }];
  }
  const isGroup = services.some(([, service]) => record(service).partOf === name);
  if (!isGroup) return [];
  return [{ at, expected: "a name that no group has", got: `${quote(name)}, a group` }];
}

function checkWays(name: string, external: Raw, root: Raw): readonly Finding[] {
  const at = ["external", name];
  const given = ways.filter((way) => external[way] !== undefined);
  const findings: Finding[] = [];
  if (given.length > 1) {
    findings.push({ at, expected: "one of http, tcp and exec", got: given.join(" and ") });
  }
  if (given.length === 0 && external.kuma === undefined) {
    findings.push({ at, expected: "one of http, tcp, exec and kuma", got: "none of them" });
  }
  if (given.length === 0 && external.kuma !== undefined) {
    for (const key of ofProbes) {
      if (external[key] === undefined) continue;
      const expected = "one of http, tcp and exec beside it";
      findings.push({ at: [...at, key], expected, got: "none of them" });
    }
  }
  if (external.kuma !== undefined && root.kuma === undefined) {
    const expected = 'a kuma: { token: "…" } for all, which its webhook shows';
    findings.push({ at: [...at, "kuma"], expected, got: "none" });
  }
  return findings;
}

/** What a monitor says is about one service: of two nobody could tell which. */
function checkMonitors(all: readonly (readonly [string, unknown])[]): readonly Finding[] {
  const users = new Map<unknown, string>();
  return all.flatMap(([name, value]) => {
    const { kuma } = record(value);
    if (typeof kuma !== "string") return [];
    const other = users.get(kuma);
    users.set(kuma, other ?? name);
    if (other === undefined) return [];
    const got = `${quote(kuma)}, which ${other} has`;
    return [{ at: ["external", name, "kuma"], expected: "a monitor of its own", got }];
  });
}
