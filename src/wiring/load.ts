// Finds the config of a folder, reads it and tells everything that is wrong with it at once.
import { readdirSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { cgroupSite } from "../platforms/linux-cgroup.ts";
import type { Powers } from "../platforms/powers.ts";
import { crossCheck } from "./check.ts";
import { checkChosen } from "./check-order.ts";
import type { Config } from "./config.ts";
import { kindOf, packageFile } from "./files.ts";
import { plain } from "./plain.ts";
import { configInvalid, type Finding, inOrder } from "./problem.ts";
import { number, record } from "./raw.ts";
import { type Given, readConfig, readJsonFile } from "./read.ts";
import { type Resolved, resolve } from "./resolve.ts";
import { inProfiles } from "./resolve-order.ts";
import type { KnownShape } from "./sound.ts";

const names = [
  "homeostat.config.ts",
  "homeostat.config.js",
  "homeostat.config.mjs",
  "homeostat.yaml",
  "homeostat.yml",
  "homeostat.json",
];

export interface LoadOptions {
  /** The project folder, absolute. */
  readonly folder: string;
  /** A file that is named instead of searched for; relative to the folder. */
  readonly file?: string;
  /** Instead of that in the config. */
  readonly dashboardPort?: number;
  /** PATH is searched for commands; PORT is where a folder without config is served. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** What processes may be given here; looked up when it is needed and not told. */
  readonly powers?: Powers;
  /** The profiles that services without one run beside. */
  readonly profiles?: readonly string[];
  /** Shapes that need not be checked again. */
  readonly known?: KnownShape;
  /** More that may be wrong, such as ports in use; told together with the rest. */
  readonly alsoCheck?: (config: unknown) => Promise<readonly Finding[]>;
}

/**
 * @throws CONFIG_MISSING, CONFIG_UNREADABLE, or CONFIG_INVALID with every problem in its details.
 */
export async function loadConfig(options: LoadOptions): Promise<Resolved> {
  const { path, given } = find(options);
  const { value } = given ?? (await readConfig(path, options.clock));
  return judge(value, basename(path), options);
}

/** Everything about a config that was read. @throws CONFIG_INVALID */
export async function judge(
  given: unknown,
  file: string,
  options: Omit<LoadOptions, "file">,
): Promise<Resolved> {
  const data = plain(given);
  if (!data.ok) {
    const { expected, got } = data;
    throw configInvalid(file, [{ path: "", expected, got }]);
  }
  const raw = withPort(data.value, options.dashboardPort);
  const isKnown = options.known?.has(raw) === true;
  const shape = isKnown
    ? { findings: [], config: raw as Config }
    : (await import("./shape.ts")).checkShape(raw);
  const findings = [
    ...shape.findings,
    ...crossCheck(raw, options),
    ...checkChosen(record(record(raw).services), options.profiles ?? []),
    ...((await options.alsoCheck?.(raw)) ?? []),
  ];
  if (findings.length === 0 && shape.config) {
    if (!isKnown) options.known?.keep(raw);
    const config = inProfiles(shape.config, options.profiles ?? []);
    return resolve(config, {
      ...options,
      file,
      watchesMemory: lacksMemoryGroup(config, options),
    });
  }
  const isPackage = file === packageFile;
  const advice =
    "This is not in package.json: there is no config. Set PORT, pass --dashboard-port, or write homeostat.yaml.";
  throw configInvalid(file, inOrder(findings, raw), isPackage ? advice : undefined);
}

/** Whether memory is to be held by a cgroup that cannot be had: then it is watched. */
function lacksMemoryGroup({ services }: Config, { powers }: Pick<LoadOptions, "powers">): boolean {
  const isAsked = Object.values(services).some((it) => it.resources?.memoryMax !== undefined);
  return isAsked && !(powers?.cgroups ?? cgroupSite().powers).memory;
}

/** A dashboard that is no block stays as it is, so that the check tells it. */
function withPort(raw: unknown, port: number | undefined): unknown {
  if (port === undefined || typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return raw;
  }
  const { dashboard = {} } = record(raw);
  const isBlock = typeof dashboard === "object" && dashboard !== null && !Array.isArray(dashboard);
  return isBlock ? { ...raw, dashboard: { ...dashboard, port } } : raw;
}

interface Source {
  readonly path: string;
  readonly given?: Given;
}

function find({ folder, file, env }: LoadOptions): Source {
  if (kindOf(folder) !== "folder") throw missing(`--folder: expected a folder, got ${folder}`);
  if (file !== undefined) {
    const path = isAbsolute(file) ? file : join(folder, file);
    if (kindOf(path) === "file") return { path };
    const got = kindOf(path) === "folder" ? `the folder ${path}` : `${path}, which is not there`;
    throw missing(`--config: expected a file, got ${got}`);
  }
  const [first, second] = names.filter((name) => kindOf(join(folder, name)) === "file");
  if (first !== undefined && second !== undefined) {
    const expected = "one config";
    const got = `${first} and ${second}: remove one, or choose with --config`;
    const message = `${folder}: expected ${expected}, got ${got}`;
    const details = [{ path: "", expected, got }];
    throw new HomeostatError("CONFIG_INVALID", message, { details });
  }
  if (first !== undefined) return { path: join(folder, first) };
  return fromPackage(folder, env);
}

function missing(message: string): HomeostatError {
  return new HomeostatError("CONFIG_MISSING", message);
}

/** A folder that npm can start needs no config: one service, watched on the port it listens on. */
function fromPackage(folder: string, env: LoadOptions["env"]): Source {
  const path = join(folder, packageFile);
  const isThere = kindOf(path) === "file";
  const start = isThere ? record(record(readJsonFile(path)).scripts).start : undefined;
  if (typeof start !== "string") throw missing(nothingFound(folder, isThere));
  if (/\bhomeostat\s+up\b/.test(start)) {
    const got = '"homeostat up", which would start itself for ever';
    throw configInvalid(packageFile, [
      { path: "scripts.start", expected: "the app's own start", got },
    ]);
  }
  const asked = env.PORT ?? "";
  // What is no number stays text, so that the check tells it.
  const port = asked === "" ? 3_000 : (number(Number(asked)) ?? asked);
  const service = {
    command: ["npm", "start"],
    port,
    probe: { tcp: true },
    // The daemon starts it often and out of sight: npm need not look for a newer npm each time.
    env: { npm_config_update_notifier: false },
  } as const;
  return { path, given: { value: { services: { app: service } } } };
}

function nothingFound(folder: string, hasPackage: boolean): string {
  const wanted = `${names[0]}, ${names[3]} or a package.json with a start script`;
  const alike = readdirSync(folder).find((name) =>
    /^\.?homeostat\..*(ts|js|ya?ml|json)$/i.test(name),
  );
  const met = hasPackage ? "a package.json without a start script" : "none of them";
  const got = alike === undefined ? met : `${alike}, a name that is not looked for`;
  return `${folder}: expected ${wanted}, got ${got}`;
}
