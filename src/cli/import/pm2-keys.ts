// The keys of a pm2 app one by one: what each is here, or why it is nothing here.
import { parseDuration } from "../../kernel/duration.ts";
import { type Draft, durationText, set, shown } from "./draft.ts";

type App = Readonly<Record<string, unknown>>;
type Take = (draft: Draft, value: unknown, app: App) => void;

export function takeKey(draft: Draft, key: string, value: unknown, app: App): void {
  const take = Object.hasOwn(takers, key) ? takers[key] : undefined;
  if (take) take(draft, value, app);
  else if (!passed.has(key) && value !== false) draft.notes.push(lost(key, value));
}

/** Used where the command, the folder, the environment and the restarts are made. */
const passed = new Set([
  ...["name", "script", "args", "interpreter", "exec_interpreter", "interpreter_args"],
  ...["node_args", "cwd", "instances", "exec_mode", "env", "autorestart", "stop_exit_codes"],
  ...["kill_timeout", "instance_var", "increment_var"],
]);

/** Milliseconds, or text such as "10s". */
export function msOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  return /^\d+$/.test(value) ? Number(value) : parseDuration(value);
}

const exitsMin = 2;
const exitsMax = 50;

const takers: Readonly<Record<string, Take>> = {
  namespace: ({ settings }, value) => {
    if (value !== "default") set(settings, "partOf", String(value));
  },
  uid: ({ settings }, value) => set(settings, "user", value),
  gid: ({ settings }, value) => set(settings, "group", value),
  min_uptime: ({ settings }, value) =>
    set(settings, "restart.stable", durationText(Math.max(1, msOf(value) ?? 0))),
  max_restarts: ({ settings }, value) => {
    const exits = Math.min(exitsMax, Math.max(exitsMin, Number(value) || exitsMin));
    set(settings, "restart.giveUp", { exits, within: "10m" });
  },
  restart_delay: ({ settings }, value) => {
    const text = durationText(msOf(value) ?? 0);
    set(settings, "restart.backoff", { first: text, factor: 1 });
  },
  exp_backoff_restart_delay: ({ settings }, value) => {
    const text = durationText(msOf(value) ?? 0);
    set(settings, "restart.backoff", { first: text, factor: 1.5, max: "15s" });
  },
  max_memory_restart: ({ settings, notes }, value) => {
    const mebibytes = mebibytesOf(value);
    if (mebibytes === undefined) return void notes.push(lost("max_memory_restart", value));
    set(settings, "limits.memoryMiB", mebibytes);
    set(settings, "healing.modes.restart", "auto");
  },
  cron_restart: ({ settings, notes }, value, { autorestart }) => {
    if (autorestart === false) return set(settings, "job", { schedule: String(value) });
    notes.push(
      `cron_restart=${shown(value)}: nothing restarts a service by the clock here; a crontab can: homeostat restart NAME`,
    );
  },
};

function mebibytesOf(value: unknown): number | undefined {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(String(value)) ?? [];
  if (count === undefined) return undefined;
  const bytes = Number(count) * 1_024 ** ("KMG".indexOf(unit.toUpperCase()) + (unit ? 1 : 0));
  return bytes < 1_048_576 ? undefined : Math.round(bytes / 1_048_576);
}

const why: Readonly<Record<string, string>> = {
  watch: "it is for development: node --watch",
  ignore_watch: "it belongs to watch",
  watch_options: "it belongs to watch",
  out_file: "logs lie in .homeostat/logs",
  error_file: "logs lie in .homeostat/logs, both outputs in one",
  log_file: "logs lie in .homeostat/logs",
  log_date_format: "homeostat logs --time",
  merge_logs: "homeostat logs merges them by time",
  combine_logs: "homeostat logs merges them by time",
  time: "homeostat logs --time",
  wait_ready: "tell readiness by a probe: probes.readiness",
  listen_timeout: "see probes.startup",
  shutdown_with_message: "the stop is told by a signal: stop.signal",
  treekill: "signals always go to the whole group",
};

function lost(key: string, value: unknown): string {
  if (/^env_/.test(key))
    return `${key} is carried over with --env ${key.slice("env_".length)} only`;
  const because = why[key];
  return `${key}=${shown(value)} is not carried over${because === undefined ? "" : `: ${because}`}`;
}
