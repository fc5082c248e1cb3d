// `homeostat adopt`: a running process that somebody else has started, written down as a service.
import { relative } from "node:path";
import { stringify } from "yaml";
import { HomeostatError } from "../../kernel/errors.ts";
import { type Stranger, strangerOf } from "../../wiring/strangers.ts";
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
  const found = strangerOf(pid, process.env.PATH ?? "");
  if (!found) throw new HomeostatError("UNKNOWN_ID", `there is no process ${pid}`);
  if (found === "hidden") {
    const message = `process ${pid} does not tell its environment: ask as its user`;
    throw new HomeostatError("UNKNOWN_ID", message);
  }
  const { env, ports, instance } = found;
  if (instance !== undefined) {
    const message = `process ${pid} is ${instance} of a Homeostat already`;
    throw new HomeostatError("NOT_NOW", message);
  }
  const name = namer()(options.name ?? base(found.words), []);
  const service = serviceOf(found, folder);
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

function base(words: readonly string[]): string {
  const script = words.find((word, i) => i > 0 && /\.\w+$/.test(word));
  const file = (script ?? words[0] ?? "").split("/").at(-1) ?? "";
  return file.replace(/\.\w+$/, "");
}

function serviceOf(
  { words, cwd, user, ports: [port] }: Stranger,
  folder: string,
): Readonly<Record<string, unknown>> {
  const seen = relative(folder, cwd);
  return {
    command: commandOf(words.map(literal)),
    ...(seen === "" ? {} : { cwd: seen.startsWith("..") ? cwd : seen }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  };
}
