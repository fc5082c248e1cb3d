// What `homeostat check` shows of how each service is run: user, limits, sources of its environment.
import { type Powers, readPowers } from "../platforms/powers.ts";
import type { Variables } from "./dotenv.ts";
import { present, readEnvFiles } from "./env-files.ts";
import { accountOf, type ProcessConfig, ulimitNames } from "./process.ts";
import type { Resolved } from "./resolve.ts";

export interface ProcessView {
  /** "www-data (33), group www-data (33), also in 4, 24". */
  readonly user: string;
  readonly limits: readonly string[];
  /** Where its variables come from, with their names; values are never shown. */
  readonly env: readonly string[];
}

export function processViews(
  { services, folder }: Resolved,
  env: Readonly<Record<string, string | undefined>>,
  powers: Powers = readPowers(env.PATH ?? ""),
): Readonly<Record<string, ProcessView>> {
  const around = present(env);
  return Object.fromEntries(
    Object.values(services).map((service) => [
      service.name,
      {
        user: userText(service.process, powers),
        limits: limitsOf(service.process, powers),
        env: sourcesOf(service.process, folder, around, Object.keys(service.env)),
      },
    ]),
  );
}

function userText(config: ProcessConfig, powers: Powers): string {
  const { account } = accountOf(config, powers) ?? {};
  const { uid, gid, groups } = account ?? { uid: powers.uid, gid: powers.gid, groups: [] };
  const named = (id: number, name: string | undefined): string =>
    name === undefined || name === String(id) ? String(id) : `${name} (${id})`;
  const group = named(gid, powers.findGroup(gid)?.name);
  const also = groups.length === 0 ? "" : `, also in ${groups.join(", ")}`;
  return `${named(uid, powers.findUser(uid)?.name)}, group ${group}${also}`;
}

function limitsOf(config: ProcessConfig, powers: Powers): readonly string[] {
  const { umask, nice, oomScore, ulimit = {}, resources = {} } = config;
  const texts = ulimitNames.flatMap((name) =>
    ulimit[name] === undefined ? [] : [`${name} ≤ ${ulimit[name]}`],
  );
  if (umask !== undefined) texts.push(`umask ${umask}`);
  if (nice !== undefined) texts.push(`nice ${nice}`);
  if (oomScore !== undefined) texts.push(`oomScore ${oomScore}`);
  const { memory, cpu, pids, why } = powers.cgroups;
  const held = (name: string, value: unknown, isHeld: boolean, instead: string): void => {
    if (value === undefined) return;
    texts.push(`${name} ≤ ${value} ${isHeld ? "by cgroup" : `${instead}: ${why}`}`);
  };
  const watched = "NOT HELD, the RSS of its main process is watched instead";
  held("memory", resources.memoryMax, memory, watched);
  held("cpu", resources.cpuMax, cpu, "NOT HELD");
  held("processes and threads", resources.pidsMax, pids, "NOT HELD");
  return texts;
}

const namesMax = 12;

function sourcesOf(
  { envFiles = [], user }: ProcessConfig,
  folder: string,
  around: Variables,
  own: readonly string[],
): readonly string[] {
  const list = (names: readonly string[]): string => {
    const more = names.length > namesMax ? `, … ${names.length} in all` : "";
    return `${names.slice(0, namesMax).join(", ")}${more}`;
  };
  const files = readEnvFiles(envFiles, folder, around).map(({ file, values }) =>
    values === undefined ? `${file} (absent)` : `${file} (${list(Object.keys(values)) || "empty"})`,
  );
  return [
    "that of Homeostat",
    ...(user === undefined ? [] : ["its user (HOME, USER, LOGNAME)"]),
    ...files,
    ...(own.length === 0 ? [] : [`config (${list(own)})`]),
  ];
}
