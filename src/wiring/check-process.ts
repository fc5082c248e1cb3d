// Whether a process can be run as its service says: user, rights, limits, env files, placeholders.
import { needsSetpriv, prepare } from "../platforms/linux-prepare.ts";
import type { Powers } from "../platforms/powers.ts";
import { readPowers } from "../platforms/powers.ts";
import { bytesOf } from "./amount.ts";
import type { Where } from "./check-command.ts";
import { present, readEnvFiles } from "./env-files.ts";
import { namesIn, placeholders } from "./placeholders.ts";
import type { Finding } from "./problem.ts";
import { accountOf, type ProcessConfig, settingsOf, ulimitNames } from "./process.ts";
import { type Raw, record, texts } from "./raw.ts";
import { type At, either, quote, show } from "./words.ts";

const ofMachine = ["user", "group", "umask", "nice", "oomScore", "ulimit", "resources"] as const;

export function checkProcess(service: Raw, at: At, where: Where): readonly Finding[] {
  const findings = [...checkEnvFiles(service, at, where), ...checkPlaceholders(service, at)];
  if (ofMachine.every((key) => service[key] === undefined)) return findings;
  const powers = where.powers ?? readPowers(where.env.PATH ?? "");
  const config = wellFormed(service);
  findings.push(
    ...checkAccount(config, at, powers),
    ...checkRights(config, at, powers),
    ...checkNames(config, service, at, powers),
  );
  return findings;
}

/** Only what has the right shape: the rest is told by the shape itself. */
function wellFormed(service: Raw): ProcessConfig {
  const who = (value: unknown): string | number | undefined =>
    typeof value === "string" || Number.isInteger(value) ? (value as string | number) : undefined;
  const { memoryMax } = record(service.resources);
  const ulimit = ulimitNames.flatMap((name) => {
    const value = record(service.ulimit)[name];
    return value === "unlimited" || Number.isInteger(value) ? [[name, value] as const] : [];
  });
  const umask = typeof service.umask === "string" && /^0?[0-7]{3}$/.test(service.umask);
  const all = {
    user: who(service.user),
    group: who(service.group),
    umask: umask ? service.umask : undefined,
    nice: Number.isInteger(service.nice) ? service.nice : undefined,
    oomScore: Number.isInteger(service.oomScore) ? service.oomScore : undefined,
    ulimit: Object.fromEntries(ulimit),
    resources: typeof memoryMax === "string" && bytesOf(memoryMax) ? { memoryMax } : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function checkAccount(config: ProcessConfig, at: At, powers: Powers): readonly Finding[] {
  const { user, group } = config;
  const findings: Finding[] = [];
  const isId = (value: string | number): boolean => /^\d+$/.test(String(value));
  const unknown = (value: string | number): string => `${show(value)}, which is unknown here`;
  if (user !== undefined && !powers.findUser(user)) {
    if (!isId(user)) {
      const expected = "a user of this machine";
      findings.push({ at: [...at, "user"], expected, got: unknown(user) });
    } else if (group === undefined) {
      const expected = "a group beside it, because no user with this id is known";
      findings.push({ at: [...at, "user"], expected, got: show(user) });
    }
  }
  if (group !== undefined && !isId(group) && !powers.findGroup(group)) {
    const expected = "a group of this machine";
    findings.push({ at: [...at, "group"], expected, got: unknown(group) });
  }
  if (findings.length > 0) return findings;
  const { account } = accountOf(config, powers) ?? {};
  if (!account) return [];
  const key = user === undefined ? "group" : "user";
  const place = [...at, key];
  if (!powers.switchesUser) {
    const own = powers.findUser(powers.uid)?.name ?? powers.uid;
    const expected = `no other ${key} than that of Homeostat itself, ${own}: only root may change it`;
    return [{ at: place, expected, got: show(config[key]) }];
  }
  if (!needsSetpriv(settingsOf(config, powers)) || powers.hasProgram("setpriv")) return [];
  const expected =
    "the program setpriv (package util-linux): it gives a user its further groups, umask and limits";
  return [{ at: place, expected, got: "a machine without it" }];
}

function checkRights(config: ProcessConfig, at: At, powers: Powers): readonly Finding[] {
  const { nice, oomScore, ulimit = {} } = config;
  const findings: Finding[] = [];
  const least = (key: string, value: number | undefined, from: number): void => {
    if (value === undefined || value >= from) return;
    const expected = `${from} or more, because Homeostat itself may give no less`;
    findings.push({ at: [...at, key], expected, got: String(value) });
  };
  least("nice", nice, powers.niceFrom);
  least("oomScore", oomScore, powers.oomScoreFrom);
  for (const name of ulimitNames) {
    const [value, hard] = [ulimit[name], powers.hard[name]];
    if (value === undefined || hard === undefined) continue;
    if ((value === "unlimited" ? Number.POSITIVE_INFINITY : value) <= hard) continue;
    const expected = `at most ${hard}, the hard limit of Homeostat itself`;
    findings.push({ at: [...at, "ulimit", name], expected, got: show(value) });
  }
  return findings;
}

/** A shell hands on only variables with a plain name. */
function checkNames(
  config: ProcessConfig,
  service: Raw,
  at: At,
  powers: Powers,
): readonly Finding[] {
  const settings = settingsOf(config, powers);
  const sample = { target: "", project: "", run: "", cwd: "", env: {}, logFile: "" };
  if (prepare({ ...sample, command: ["sample"], settings }).file === "sample") return [];
  return Object.keys(record(service.env)).flatMap((name) => {
    // What is no name at all is told elsewhere.
    if (/^[A-Za-z_]\w*$/.test(name) || !/^[^=\0]+$/.test(name)) return [];
    const expected = "a name of letters, digits and _, because its settings need a shell";
    return [{ at: [...at, "env", name], expected, got: quote(name) }];
  });
}

function checkEnvFiles(service: Raw, at: At, where: Where): readonly Finding[] {
  const files = texts(service.envFiles);
  const read = readEnvFiles(
    files.map(([file]) => file),
    where.folder,
    present(where.env),
  );
  return files.flatMap(([, place], i) => {
    const problem = read[i]?.problem;
    return problem ? [{ at: [...at, "envFiles", place], ...problem }] : [];
  });
}

function checkPlaceholders(service: Raw, at: At): readonly Finding[] {
  const hasPort = service.port !== undefined || service.probe !== undefined;
  const known: readonly string[] = placeholders;
  const look = (text: unknown, place: At, isShell = false): readonly Finding[] => {
    if (typeof text !== "string") return [];
    return namesIn(text).flatMap((name) => {
      const got = quote(`\${${name}}`);
      if (name === "port" && !hasPort) {
        return [{ at: place, expected: "a port or a probe beside it", got }];
      }
      if (isShell || known.includes(name)) return [];
      const words = either(known.map((word) => `\${${word}}`));
      return [{ at: place, expected: `${words}, or $\${…} for the text itself`, got }];
    });
  };
  const { command, cwd, env } = service;
  return [
    // In a line, other names are for the shell.
    ...look(command, [...at, "command"], true),
    ...texts(command).flatMap(([word, place]) => {
      const isScript = place === 2 && /(^|\/)(ba|da|z)?sh$/.test(texts(command)[0]?.[0] ?? "");
      return look(word, [...at, "command", place], isScript);
    }),
    ...look(cwd, [...at, "cwd"]),
    ...Object.entries(record(env)).flatMap(([name, text]) => look(text, [...at, "env", name])),
  ];
}
