// `homeostat init`: writes what another supervisor or Docker needs to run Homeostat with this project.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { version } from "../../kernel/version.ts";
import { loadConfig } from "../../wiring/load.ts";
import { record } from "../../wiring/raw.ts";
import type { Resolved } from "../../wiring/resolve.ts";
import { ownerOf } from "../../wiring/strangers.ts";
import { either, nearest, quote } from "../../wiring/words.ts";
import { type GlobalOptions, type Where, whereIs } from "../context.ts";
import { paint, say, sayJson } from "../print.ts";
import { composeFile, dockerfile, dockerignore } from "../units/docker.ts";
import { supervisordProgram } from "../units/supervisord.ts";
import { systemdUnit } from "../units/systemd.ts";
import type { Around, Packaged, UnitFile } from "../units/unit.ts";

export interface InitOptions extends GlobalOptions {
  /** Instead of the project folder. */
  readonly out?: string;
  readonly print?: boolean;
  readonly force?: boolean;
  readonly user?: string;
  readonly profile?: readonly string[];
}

const makers: Readonly<Record<string, (around: Around) => readonly UnitFile[]>> = {
  systemd: (around) => [systemdUnit(around)],
  supervisord: (around) => [supervisordProgram(around)],
  docker: (around) => [dockerfile(around), dockerignore()],
  compose: (around) => [composeFile(around)],
};

const unitKinds = Object.keys(makers);

/** What a person may add on top of what stopping takes. */
const spareMs = 3_000;

export async function init(kind: string, options: InitOptions): Promise<void> {
  const make = Object.hasOwn(makers, kind) ? makers[kind] : undefined;
  if (!make) {
    const near = nearest(kind, unitKinds);
    const expected = near === undefined ? either(unitKinds) : quote(near);
    throw new HomeostatError("USAGE", `init: expected ${expected}, got ${quote(kind)}`);
  }
  const where = whereIs(options);
  const resolved = await loadConfig({
    folder: where.folder,
    ...(options.config === undefined ? {} : { file: options.config }),
    profiles: options.profile ?? [],
    env: process.env,
    clock: systemClock,
  });
  const files = make(aroundOf(resolved, where, options));
  if (options.print && options.json) return sayJson(files);
  if (options.print) return print(files);
  const folder = options.out === undefined ? where.folder : resolve(options.out);
  write(files, folder, options.force === true);
  const next = files.flatMap((file) => file.next);
  if (options.json) return sayJson({ files: files.map(({ name }) => join(folder, name)), next });
  for (const { name } of files) say(`${paint("good", "wrote")} ${join(folder, name)}`);
  if (next.length > 0) say();
  for (const line of next) say(line.startsWith("$ ") ? `  ${paint("bold", line.slice(2))}` : line);
  const { graceMs } = resolved.stop;
  if (graceMs !== undefined) return;
  const grace = paint("bold", `stop: { grace: "${graceOf(resolved) / 1_000}s" }`);
  say(`\nWith ${grace} in ${resolved.file} homeostat check sees when that is no longer enough.`);
}

function aroundOf(resolved: Resolved, { folder }: Where, options: InitOptions): Around {
  const { services, policy, file, stop } = resolved;
  return {
    project: policy.project,
    folder,
    file,
    command: commandOf(folder, options),
    path: pathOf(process.execPath),
    user: userOf(resolved, folder, options.user),
    stopMs: stop.ms,
    graceMs: stop.graceMs ?? graceOf(resolved),
    ports: Object.values(services).flatMap(({ name, port, host = "127.0.0.1" }) => {
      const open = !/^(127\.|localhost$|::1$)/.test(host);
      return port === undefined ? [] : [{ service: name, port, open }];
    }),
    packaged: packagedOf(folder),
    version,
  };
}

function graceOf({ stop }: Resolved): number {
  return Math.ceil((stop.ms + spareMs) / 1_000) * 1_000;
}

/** Absolute in all its parts: whoever runs it has another PATH. */
function commandOf(folder: string, { config, profile = [] }: InitOptions): readonly string[] {
  const [, entry = "homeostat"] = process.argv;
  const chosen = profile.flatMap((name) => ["--profile", name]);
  const named = config === undefined ? [] : ["--config", config];
  const program = [process.execPath, ...process.execArgv, entry];
  return [...program, "--folder", folder, ...named, "up", ...chosen];
}

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Other supervisors know nothing of a Node that lies in a folder of its own. */
function pathOf(node: string): string | undefined {
  const folder = dirname(node);
  return usualPath.split(":").includes(folder) ? undefined : `${folder}:${usualPath}`;
}

/** Whom the folder belongs to, unless that is root; nobody when services need root to switch. */
function userOf(resolved: Resolved, folder: string, asked?: string): string | undefined {
  if (asked !== undefined) return asked === "root" ? undefined : asked;
  const switches = Object.values(resolved.services).some(({ process: { user } }) => user);
  if (switches) return undefined;
  return ownerOf(folder, process.env.PATH ?? "") ?? resolved.policy.project;
}

function packagedOf(folder: string): Packaged | undefined {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return undefined;
  const found: unknown = JSON.parse(readFileSync(file, "utf8"));
  const { dependencies } = record(found);
  return {
    lockfile: existsSync(join(folder, "package-lock.json")),
    hasHomeostat: "homeostat" in record(dependencies),
  };
}

function print(files: readonly UnitFile[]): void {
  for (const { name, text } of files) {
    if (files.length > 1) say(paint("dim", `# --- ${name}`));
    process.stdout.write(text);
  }
}

/** All of them, or none. @throws USAGE for one that is there already */
function write(files: readonly UnitFile[], folder: string, force: boolean): void {
  const there = files.filter(({ name }) => existsSync(join(folder, name)));
  if (there.length > 0 && !force) {
    const names = there.map(({ name }) => join(folder, name)).join(", ");
    throw new HomeostatError("USAGE", `${names}: there already; --force writes over it`);
  }
  for (const { name, text } of files) {
    try {
      writeFileSync(join(folder, name), text);
    } catch (error) {
      const text = `${join(folder, name)} cannot be written: ${messageOf(error)}`;
      throw new HomeostatError("USAGE", text, { cause: error });
    }
  }
}
