// The keys of a [program:x] one by one: what each is here, or why it is nothing here.
import { type Draft, durationText, set, shown } from "./draft.ts";
import { commandText, envVariable, isMarked, marked, readPairs } from "./supervisord-words.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** `value` has its expressions filled in, but for variables of the environment in `raw`. */
type Take = (draft: Draft, value: string, raw: string, env: Env) => void;

export function takeKey(draft: Draft, key: string, raw: string, env: Env): void {
  const value = envVariable(raw, env);
  const take = Object.hasOwn(takers, key) ? takers[key] : undefined;
  if (take) take(draft, value, raw, env);
  else if (!passed.has(key)) draft.notes.push(lost(key, value));
}

/** Used where the instances of a program are counted. */
const passed = new Set(["numprocs", "numprocs_start", "process_name"]);

const whens: Readonly<Record<string, string>> = {
  ...{ true: "always", false: "never", unexpected: "unexpected" },
  ...{ yes: "always", no: "never", on: "always", off: "never", "1": "always", "0": "never" },
};

const signals = new Set(["TERM", "INT", "QUIT", "HUP", "USR2"]);

const takers: Readonly<Record<string, Take>> = {
  command: ({ settings, notes }, _, raw) => set(settings, "command", commandText(raw, notes)),
  directory: ({ settings }, value) => set(settings, "cwd", value),
  user: ({ settings }, value) => set(settings, "user", value),
  umask: ({ settings }, value) => set(settings, "umask", value.padStart(3, "0")),
  environment: (draft, _, raw, env) => addEnvironment(draft, raw, env),
  autostart: ({ settings, notes }, value) => {
    if (whens[value.toLowerCase()] !== "never") return;
    set(settings, "profiles", ["manual"]);
    notes.push("was not started by itself: it runs with homeostat up --profile manual");
  },
  autorestart: ({ settings }, value) =>
    set(settings, "restart.when", whens[value.toLowerCase()] ?? "unexpected"),
  exitcodes: ({ settings }, value) =>
    set(settings, "restart.expectedExits", value.split(",").map(Number)),
  startsecs: ({ settings }, value) =>
    set(settings, "restart.stable", durationText(Math.max(0.001, Number(value)) * 1_000)),
  startretries: ({ notes }, value) =>
    notes.push(
      `startretries=${value}: a start that fails is tried on with back-off, see restart.giveUp`,
    ),
  stopsignal: ({ settings, notes }, value) => {
    const signal = value.replace(/^SIG/i, "").toUpperCase();
    if (signal === "KILL") set(settings, "stop.wait", "0s");
    else if (signals.has(signal)) set(settings, "stop.signal", `SIG${signal}`);
    else notes.push(`stopsignal=${value}: only ${[...signals].join(", ")} and KILL are known here`);
  },
  stopwaitsecs: ({ settings }, value) =>
    set(settings, "stop.wait", durationText(Number(value) * 1_000)),
  stdout_logfile_maxbytes: ({ settings }, value) => {
    if (Number(value) === 0) return;
    set(settings, "logs.size", /^\d+$/.test(value) ? `${value}B` : value);
  },
  stdout_logfile_backups: ({ settings }, value) => set(settings, "logs.keep", Number(value)),
};

const why: Readonly<Record<string, string>> = {
  killasgroup: "SIGKILL always goes to the whole group",
  stopasgroup: "the stop signal always goes to the whole group",
  priority: "the order is told by dependsOn",
  redirect_stderr: "both outputs always go into one log",
  stdout_logfile: "logs lie in .homeostat/logs",
  stderr_logfile: "logs lie in .homeostat/logs, both outputs in one",
  stderr_logfile_maxbytes: "both outputs go into one log",
  stderr_logfile_backups: "both outputs go into one log",
  stdout_syslog: "see logs.forward",
  stderr_syslog: "see logs.forward",
};

function lost(key: string, value: string): string {
  const because = why[key];
  return `${key}=${shown(value)} is not carried over${because === undefined ? "" : `: ${because}`}`;
}

function addEnvironment({ settings, notes }: Draft, text: string, env: Env): void {
  for (const [name, raw] of readPairs(text)) {
    // What it has anyway need not be written down, and may be secret.
    if (raw === marked(name)) continue;
    if (isMarked(raw)) {
      notes.push(`env.${name} was made of other variables: it stands here as it is now`);
    }
    set(settings, "env", { ...(settings.env as object), [name]: envVariable(raw, env) });
  }
}
