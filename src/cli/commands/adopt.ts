// `homeostat adopt`: a running process that somebody else has started, written down as a service.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { relative } from "node:path";
import { stringify } from "yaml";
import { HomeostatError } from "../../kernel/errors.ts";
import { marks } from "../../platforms/linux-prepare.ts";
import { readPowers } from "../../platforms/powers.ts";
import { readEnvironment, readStat, runs } from "../../platforms/procfs.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import { commandOf, literal, namer } from "../import/draft.ts";
import { paint, say, sayJson } from "../print.ts";
import { wholeOption } from "../usage.ts";

export interface AdoptOptions extends GlobalOptions {
  readonly name?: string;
}

const pidMax = 4_194_304;
const namesMax = 40;

/**
 * A process cannot be given a mark or another parent, so it cannot be supervised as it runs: nobody
 * would know how it ends, and the next daemon would not find it. What can be taken over is what it
 * does: its command as a service, and then its place.
 */
export async function adopt(given: string, options: AdoptOptions): Promise<void> {
  const pid = wholeOption("adopt: <pid>", given, 1, pidMax);
  const { folder } = whereIs(options);
  const stat = readStat(pid);
  if (!stat || !runs(stat)) throw new HomeostatError("UNKNOWN_ID", `there is no process ${pid}`);
  const env = readEnvironment(pid);
  if (env === undefined) {
    throw new HomeostatError(
      "UNKNOWN_ID",
      `process ${pid} does not tell its environment: ask as its user`,
    );
  }
  const instance = env[marks.instance];
  if (instance !== undefined) {
    const message = `process ${pid} is ${instance} of a Homeostat already`;
    throw new HomeostatError("NOT_NOW", message);
  }
  const words = commandLine(pid);
  const ports = portsOf(pid);
  const name = namer()(options.name ?? base(words), []);
  const service = serviceOf(pid, words, folder, ports);
  const more = Object.keys(env).filter((key) => env[key] !== process.env[key] && !own.has(key));
  if (options.json) return sayJson({ pid, name, service, ports, environment: more });
  say(paint("dim", `# Process ${pid}, as a service of homeostat.yaml:`));
  process.stdout.write(stringify({ services: { [name]: service } }, { lineWidth: 0 }));
  for (const line of remarks(more, ports)) say(paint("dim", `# ${line}`));
  say();
  say("It cannot be taken over as it runs: its parent is another process, and it carries no mark.");
  say(`Write the lines above into the config, end it (${paint("bold", `kill ${pid}`)}), and run`);
  say(`${paint("bold", "homeostat up")}; its successor is looked after from its first moment on.`);
}

const own = new Set(["_", "PWD", "OLDPWD", "SHLVL"]);

function remarks(names: readonly string[], ports: readonly number[]): readonly string[] {
  const shown = names.slice(0, namesMax).join(", ");
  return [
    ...(names.length === 0 ? [] : [`It has other values of, or alone: ${shown}`]),
    ...(ports.length < 2 ? [] : [`It listens on ${ports.join(", ")}`]),
    ...(ports.length === 0
      ? []
      : ["Behind a port of the gateway it has to listen on PORT; else leave port out."]),
  ];
}

function commandLine(pid: number): readonly string[] {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  if (words.length > 0) return words;
  throw new HomeostatError("UNKNOWN_ID", `process ${pid} is one of the kernel`);
}

function base(words: readonly string[]): string {
  const script = words.find((word, i) => i > 0 && /\.\w+$/.test(word));
  const file = (script ?? words[0] ?? "").split("/").at(-1) ?? "";
  return file.replace(/\.\w+$/, "");
}

function serviceOf(
  pid: number,
  words: readonly string[],
  folder: string,
  ports: readonly number[],
): Readonly<Record<string, unknown>> {
  const { uid } = statSync(`/proc/${pid}`);
  const powers = readPowers(process.env.PATH ?? "");
  const cwd = readlinkSync(`/proc/${pid}/cwd`);
  const seen = relative(folder, cwd);
  const [port] = ports;
  return {
    command: commandOf(words.map(literal)),
    ...(seen === "" ? {} : { cwd: seen.startsWith("..") ? cwd : seen }),
    ...(uid === powers.uid ? {} : { user: powers.findUser(uid)?.name ?? uid }),
    ...(port === undefined ? {} : { port }),
  };
}

/** State 0A of /proc/net/tcp: it listens. */
const listening = "0A";

function portsOf(pid: number): readonly number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed in between
      }
    }),
  );
  const ports = ["tcp", "tcp6"].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, "utf8")
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const cells = line.trim().split(/\s+/);
        const [, local = "", , state = ""] = cells;
        if (state !== listening || !sockets.has(cells[9] ?? "")) return [];
        return [Number.parseInt(local.split(":")[1] ?? "", 16)];
      }),
  );
  return [...new Set(ports)].toSorted((a, b) => a - b);
}
