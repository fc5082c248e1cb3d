// What a service asks for, as what Node's spawn takes: ids and environment, or a shell line before it.
import { getPriority } from "node:os";
import type { Account, ProcessSettings, StartSpec, UlimitName } from "./platform.ts";

/** The names of the variables that mark a process, so that a later daemon finds it. */
export const marks = {
  project: "HOMEOSTAT_PROJECT",
  instance: "HOMEOSTAT_INSTANCE",
  run: "HOMEOSTAT_RUN",
} as const;

export interface Prepared {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Given to spawn; absent when the shell line switches the user itself, as its last step. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Each line that the prelude writes before it gives up begins with this. */
const preludeVoice = "homeostat: ";

/**
 * Nothing is applied after the spawn, so a child that forks at once cannot escape a setting: what
 * spawn cannot do is done by `sh -c '…; exec "$@"'`, which keeps the pid. A setting that the system
 * refuses ends the process with code 78 and a line in its log. A shell hands on no variable whose
 * name is not made of letters, digits and `_`.
 */
export function prepare(spec: StartSpec): Prepared {
  const { settings = {}, command, cwd } = spec;
  const [file = "", ...args] = command;
  const base = { cwd, env: environment(spec) };
  const owns = ownPid(spec);
  const steps = [...stepsOf(settings), ...owns];
  const { account } = settings;
  const named = needsShell(settings);
  if (!named || file === "") {
    const as = account ? { uid: account.uid, gid: account.gid } : {};
    if (owns.length === 0 || file === "") return { ...base, file, args, ...as };
    const script = [...owns, 'exec "$@"'].join("\n");
    return { ...base, file: "/bin/sh", args: ["-c", script, "homeostat", ...command], ...as };
  }
  const script = [...(steps.length > 0 ? [refuse] : []), ...steps, 'exec "$@"'].join("\n");
  const wrappers = [...niceness(settings), ...switching(account)];
  return { ...base, file: "/bin/sh", args: ["-c", script, "homeostat", ...wrappers, ...command] };
}

/** Only the process itself knows its pid before it runs; a program checks that it is meant. */
function ownPid({ sockets, overlaps, notify }: StartSpec): readonly string[] {
  const names = [
    ...(sockets && !overlaps ? ["LISTEN_PID"] : []),
    ...(notify?.watchdogMs === undefined ? [] : ["WATCHDOG_PID"]),
  ];
  return names.map((name) => `${name}=$$; export ${name}`);
}

function needsShell(settings: ProcessSettings): boolean {
  const { nice, account } = settings;
  return stepsOf(settings).length > 0 || nice !== undefined || hasGroups(account);
}

function environment(spec: StartSpec): Record<string, string> {
  const { env, project, target, run, port, sockets, notify } = spec;
  const marked: Record<string, string> = {
    ...env,
    [marks.project]: project,
    [marks.instance]: target,
    [marks.run]: run,
  };
  if (port !== undefined) marked.PORT = String(port);
  if (sockets) {
    marked.LISTEN_FDS = String(sockets.length);
    marked.LISTEN_FDNAMES = sockets.map(({ name }) => name).join(":");
  }
  if (notify) {
    marked.NOTIFY_SOCKET = notify.socket;
    if (notify.watchdogMs !== undefined) marked.WATCHDOG_USEC = whole(notify.watchdogMs * 1_000);
  }
  return marked;
}

/** 78 is EX_CONFIG of sysexits.h. */
const refuse = `refuse() { echo "${preludeVoice}$1" >&2; exit 78; }`;

function stepsOf({ umask, ulimit = {}, oomScore, cgroups = [] }: ProcessSettings): string[] {
  const steps: string[] = cgroups.map((file) => {
    const path = quoted(file);
    return `{ echo $$ >${path}; } 2>/dev/null || refuse "the cgroup "${path}" could not be entered"`;
  });
  if (oomScore !== undefined) {
    const score = whole(oomScore);
    steps.push(
      `{ echo ${score} >/proc/self/oom_score_adj; } 2>/dev/null || refuse "oomScore could not be set to ${score}: to lower it needs more rights"`,
    );
  }
  // The limit of processes comes last: what stands before it may need one.
  const names = Object.keys(limits) as UlimitName[];
  for (const name of names) {
    const value = ulimit[name];
    if (value !== undefined) steps.push(limit(name, value));
  }
  if (umask !== undefined) {
    if (!/^[0-7]{1,4}$/.test(umask)) throw new TypeError(`umask: ${umask}`);
    steps.push(`umask ${umask} || refuse "umask could not be set to ${umask}"`);
  }
  return steps;
}

/**
 * The option of `ulimit` and how many of its units one of ours is. dash and busybox count processes
 * by -p, bash by -u. Blocks of -c and -f have 512 bytes, as POSIX has it.
 */
const limits: Readonly<Record<UlimitName, { readonly option: string; readonly units: number }>> = {
  files: { option: "n", units: 1 },
  coreMiB: { option: "c", units: 2_048 },
  stackMiB: { option: "s", units: 1_024 },
  virtualMiB: { option: "v", units: 1_024 },
  lockedMiB: { option: "l", units: 1_024 },
  fileMiB: { option: "f", units: 2_048 },
  cpuSeconds: { option: "t", units: 1 },
  processes: { option: "u", units: 1 },
};

function limit(name: UlimitName, value: number | "unlimited"): string {
  const { option, units } = limits[name];
  const count = value === "unlimited" ? value : whole(value * units);
  const set = `ulimit -${option} ${count} 2>/dev/null`;
  const all = name === "processes" ? `{ ${set} || ulimit -p ${count} 2>/dev/null; }` : set;
  const hard = name === "processes" ? "" : `: the hard limit is $(ulimit -H -${option})`;
  const unit =
    units === 1 || value === "unlimited" ? "" : `, in units of ${1_048_576 / units} bytes`;
  return `${all} || refuse "ulimit.${name} could not be set to ${value}${hard}${unit}"`;
}

/** `nice` adds to what it is itself given. */
function niceness({ nice }: ProcessSettings): readonly string[] {
  return nice === undefined ? [] : ["nice", "-n", whole(nice - getPriority())];
}

/** setpriv, because Node's spawn drops every supplementary group. */
function switching(account: Account | undefined): readonly string[] {
  if (!account) return [];
  const { uid, gid, groups } = account;
  const further = hasGroups(account)
    ? `--groups=${[gid, ...groups].map(whole).join(",")}`
    : "--clear-groups";
  return ["setpriv", `--reuid=${whole(uid)}`, `--regid=${whole(gid)}`, further, "--"];
}

/** Whether an account, or its settings, can only be had by the program setpriv. */
export function needsSetpriv(settings: ProcessSettings): boolean {
  const { account, nice, resources } = settings;
  if (!account) return false;
  const isMore = nice !== undefined || resources !== undefined || stepsOf(settings).length > 0;
  return hasGroups(account) || isMore;
}

function hasGroups(account: Account | undefined): boolean {
  return account?.groups.some((group) => group !== account.gid) ?? false;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Everything in the shell line is a number, a name of ours or quoted. */
function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`expected a whole number, got ${value}`);
  return String(value);
}
