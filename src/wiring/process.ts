// From what a config says about a process to what each instance is started with.
import { HomeostatError } from "../kernel/errors.ts";
import { indexOf, serviceOf, type Target } from "../model/target.ts";
import type { Account, ProcessSettings, Resources, UlimitName } from "../platforms/platform.ts";
import type { Powers } from "../platforms/powers.ts";
import type { Launch } from "../supervisor/spec.ts";
import { bytesOf } from "./amount.ts";
import type { ServiceConfig } from "./config.ts";
import type { Variables } from "./dotenv.ts";
import { readEnvFiles } from "./env-files.ts";
import { type Filling, fill } from "./placeholders.ts";

/** What a service says about its process, as it is written. */
export type ProcessConfig = Pick<
  ServiceConfig,
  "envFiles" | "user" | "group" | "umask" | "nice" | "oomScore" | "ulimit" | "resources"
>;

export function processConfigOf(config: ServiceConfig): ProcessConfig {
  const { envFiles, user, group, umask, nice, oomScore, ulimit, resources } = config;
  const all = { envFiles, user, group, umask, nice, oomScore, ulimit, resources };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export interface As {
  /** Absent when it is the user that this process has anyway. */
  readonly account?: Account;
  /** HOME, USER and LOGNAME, when a user is named. */
  readonly variables: Variables;
}

/** Undefined when the user or the group is not there, or a group has to be named. */
export function accountOf({ user, group }: ProcessConfig, powers: Powers): As | undefined {
  if (user === undefined && group === undefined) return { variables: {} };
  const found = user === undefined ? undefined : powers.findUser(user);
  const uid = user === undefined ? powers.uid : (found?.uid ?? idOf(user));
  const ownGroup = user === undefined ? powers.gid : found?.gid;
  const gid = group === undefined ? ownGroup : (powers.findGroup(group)?.gid ?? idOf(group));
  if (uid === undefined || gid === undefined) return undefined;
  const variables: Variables = found
    ? { HOME: found.home, USER: found.name, LOGNAME: found.name }
    : {};
  if (uid === powers.uid && gid === powers.gid) return { variables };
  const groups = found ? powers.furtherGroups(found) : [];
  return { account: { uid, gid, groups }, variables };
}

function idOf(value: string | number): number | undefined {
  return /^\d+$/.test(String(value)) ? Number(value) : undefined;
}

/** As whom the instances of services run that have a user of their own. */
export function uidsOf(
  services: Readonly<Record<string, { readonly process: ProcessConfig }>>,
  powers: () => Powers,
): ((target: Target) => number | undefined) | undefined {
  const uids = new Map(
    Object.entries(services).flatMap(([name, { process }]) => {
      if (process.user === undefined) return [];
      const uid = accountOf(process, powers())?.account?.uid;
      return uid === undefined ? [] : [[name, uid] as const];
    }),
  );
  return uids.size === 0 ? undefined : (target) => uids.get(serviceOf(target));
}

export function settingsOf(config: ProcessConfig, powers: Powers): ProcessSettings {
  const { umask, nice, oomScore, ulimit } = config;
  const account = accountOf(config, powers)?.account;
  const resources = resourcesOf(config);
  const isEmpty = Object.keys(ulimit ?? {}).length === 0;
  return {
    ...(account ? { account } : {}),
    ...(umask === undefined ? {} : { umask }),
    ...(nice === undefined ? {} : { nice }),
    ...(oomScore === undefined ? {} : { oomScore }),
    ...(ulimit === undefined || isEmpty ? {} : { ulimit }),
    ...(resources ? { resources } : {}),
  };
}

export function resourcesOf({ resources = {} }: ProcessConfig): Resources | undefined {
  const { memoryMax, cpuMax, pidsMax } = resources;
  const memoryBytes = memoryMax === undefined ? undefined : bytesOf(memoryMax);
  if (memoryBytes === undefined && cpuMax === undefined && pidsMax === undefined) return undefined;
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpuMax === undefined ? {} : { cpu: cpuMax }),
    ...(pidsMax === undefined ? {} : { processes: pidsMax }),
  };
}

export const ulimitNames: readonly UlimitName[] = [
  "files",
  "processes",
  "coreMiB",
  "stackMiB",
  "virtualMiB",
  "lockedMiB",
  "fileMiB",
  "cpuSeconds",
];

/**
 * What an instance is started with, made anew at each start, so that a changed env file counts from
 * the next one on. The nearer word wins: the daemon's environment, the user's, the files in their
 * order, `env`. `complete` has the last word on the environment.
 */
export function launchOf(
  service: {
    readonly name: string;
    readonly command: readonly string[];
    readonly cwd: string;
    readonly env: Variables;
    readonly process: ProcessConfig;
  },
  outer: {
    readonly folder: string;
    readonly env: Variables;
    /** How many there are at this moment. */
    readonly replicas: () => number;
    readonly powers: () => Powers;
    readonly complete: (env: Variables) => Variables;
  },
): Launch {
  const { name, process, command, cwd } = service;
  const isPlain = Object.keys(process).every((key) => key === "envFiles");
  const powers = isPlain ? undefined : outer.powers();
  const settings = powers ? settingsOf(process, powers) : {};
  const base = { ...outer.env, ...(powers ? accountOf(process, powers)?.variables : {}) };
  const { envFiles = [] } = process;
  return (target, port) => {
    const index = indexOf(target);
    const replicas = outer.replicas();
    const filling: Filling = { index, name, replicas, ...(port === undefined ? {} : { port }) };
    const own = Object.entries(service.env).map(([key, text]) => [key, fill(text, filling)]);
    const env = outer.complete({
      ...base,
      ...fromFiles(envFiles, outer.folder, base, target),
      ...Object.fromEntries(own),
      HOMEOSTAT_INDEX: String(index),
      HOMEOSTAT_REPLICAS: String(replicas),
    });
    return {
      command: command.map((word) => fill(word, filling)),
      cwd: fill(cwd, filling),
      env,
      ...(Object.keys(settings).length === 0 ? {} : { settings }),
    };
  };
}

/** @throws SPAWN_FAILED */
function fromFiles(
  files: readonly string[],
  folder: string,
  around: Variables,
  target: string,
): Variables {
  const sources = readEnvFiles(files, folder, around);
  const problem = sources.find((source) => source.problem !== undefined)?.problem;
  if (problem) {
    const text = `${target}: envFiles: expected ${problem.expected}, got ${problem.got}`;
    throw new HomeostatError("SPAWN_FAILED", text);
  }
  return Object.assign({}, ...sources.map(({ values }) => values));
}
