// A pm2 ecosystem file as services: each app, with what pm2 does where the file is silent.
import { record } from "../../wiring/raw.ts";
import { type Draft, durationText, type Imported, literal, namer, set, shown } from "./draft.ts";
import { commandOfApp } from "./pm2-command.ts";
import { msOf, takeKey } from "./pm2-keys.ts";

export interface Pm2Around {
  /** The part of the file that is chosen by `--env`: env_NAME. */
  readonly env: string | undefined;
  /** The folder of the file, as seen from the project folder; undefined when it is the same. */
  readonly folder: string | undefined;
  /** Processors here, for "max". */
  readonly processors: number;
}

/** @returns undefined for what holds no apps. */
export function importPm2(value: unknown, around: Pm2Around): Imported | undefined {
  const { apps, ...rest } = Array.isArray(value) ? { apps: value } : record(value);
  const list: unknown = apps ?? (record(value).script === undefined ? undefined : [value]);
  if (!Array.isArray(list) && record(list).script === undefined) return undefined;
  const name = namer();
  const all: readonly unknown[] = Array.isArray(list) ? list : [list];
  const drafts = all.map((app, i) => draftOf(record(app), i, name, around));
  const others = apps === undefined ? [] : Object.entries(rest);
  return {
    drafts,
    notes: others.map(([key, it]) => `${key} is not carried over: ${shown(it)}`),
  };
}

/** From SIGINT to SIGKILL, as pm2 has it. */
const killMs = 1_600;

type App = Readonly<Record<string, unknown>>;

function draftOf(
  app: App,
  place: number,
  name: ReturnType<typeof namer>,
  around: Pm2Around,
): Draft {
  const notes: string[] = [];
  const settings: Record<string, unknown> = {};
  const called = typeof app.name === "string" ? app.name : base(app.script, place);
  const draft: Draft = { name: name(called, notes), settings, notes };
  set(settings, "command", commandOfApp(app, notes));
  set(settings, "cwd", cwdOf(app, around));
  const instances = instancesOf(app, around);
  if (instances > 1) set(settings, "replicas", instances);
  addEnvironment(draft, app, instances, around);
  set(settings, "restart.when", whenOf(app));
  // What pm2 does when nothing is said.
  set(settings, "stop.signal", "SIGINT");
  set(settings, "stop.wait", durationText(msOf(app.kill_timeout) ?? killMs));
  for (const [key, value] of Object.entries(app)) {
    if (key !== `env_${around.env}`) takeKey(draft, key, value, app);
  }
  if (instances > 1 && settings.port === undefined) {
    notes.push(
      "its instances cannot share a port as in cluster mode: let them listen on PORT, and set port",
    );
  }
  return draft;
}

function base(script: unknown, place: number): string {
  const file = typeof script === "string" ? (script.split("/").at(-1) ?? "") : "";
  return file.replace(/\.\w+$/, "") || `app-${place}`;
}

function cwdOf({ cwd }: App, { folder }: Pm2Around): string | undefined {
  if (typeof cwd !== "string") return folder;
  if (cwd.startsWith("/") || folder === undefined) return cwd === "./" ? undefined : literal(cwd);
  return literal(`${folder}/${cwd.replace(/^\.\//, "")}`);
}

const instancesMax = 64;

function instancesOf({ instances }: App, { processors }: Pm2Around): number {
  const asked = instances === "max" ? 0 : Number(instances ?? 1);
  if (!Number.isInteger(asked)) return 1;
  return Math.min(instancesMax, Math.max(1, asked > 0 ? asked : processors + asked));
}

/** A job of `cron_restart` runs by its schedule alone. */
function whenOf({ autorestart, stop_exit_codes, cron_restart }: App): string | undefined {
  if (autorestart === false) return cron_restart === undefined ? "never" : undefined;
  return stop_exit_codes === undefined ? "always" : "unexpected";
}

function addEnvironment(
  { settings, notes }: Draft,
  app: App,
  instances: number,
  { env }: Pm2Around,
): void {
  const chosen = env === undefined ? {} : record(app[`env_${env}`]);
  const all: Record<string, unknown> = { ...record(app.env), ...chosen };
  const port = Number(all.PORT);
  if (Number.isInteger(port) && port > 0 && port < 65_536) {
    delete all.PORT;
    set(settings, "port", port);
    notes.push(`clients use port ${port}; each instance is given one of its own in PORT`);
  }
  const instance = app.instance_var ?? "NODE_APP_INSTANCE";
  const number = instances > 1 ? { [String(instance)]: `\${index}` } : {};
  const texts = Object.entries(all).map(([key, value]) => {
    const plain = typeof value === "number" || typeof value === "boolean";
    return [
      key,
      plain ? value : literal(typeof value === "string" ? value : JSON.stringify(value)),
    ];
  });
  const whole = { ...Object.fromEntries(texts), ...number };
  if (Object.keys(whole).length > 0) set(settings, "env", whole);
}
