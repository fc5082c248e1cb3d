// Holds imported services to our own loader: what this machine refuses is taken out and told.
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { judge } from "../../wiring/load.ts";
import type { Problem } from "../../wiring/problem.ts";
import type { Imported } from "./draft.ts";
import type { Refused } from "./text.ts";

export interface Proven {
  /** What is left to be mended by hand. */
  readonly problems: readonly Problem[];
  readonly refused: readonly Refused[];
}

/** Each round may bring to light what the one before it hid. */
const roundsMax = 6;
/** Without these a service would be another one. */
const kept = new Set(["command", "cwd", "job", "replicas", "dependsOn"]);
/** Blocks of which one setting is taken out, and not all. */
const blocks = new Set(["restart", "stop", "logs", "limits", "healing", "env"]);

/** Changes the settings of the drafts. */
export async function proven({ drafts }: Imported, folder: string): Promise<Proven> {
  const refused: Refused[] = [];
  for (let round = 0; ; round++) {
    const services = Object.fromEntries(drafts.map(({ name, settings }) => [name, settings]));
    const problems = await problemsOf({ services }, folder);
    const fresh = problems.flatMap((problem) => {
      const [, service = "", key = "", inner] = problem.path.split(/[.[\]]+/);
      const settings = drafts.find(({ name }) => name === service)?.settings;
      if (!settings || kept.has(key) || !(key in settings)) return [];
      const why = `expected ${problem.expected}, got ${problem.got}`;
      return [{ service, ...takeOut(settings, key, inner), why }];
    });
    refused.push(...fresh.filter(({ value }) => value !== undefined));
    if (fresh.length === 0 || round >= roundsMax) return { problems, refused };
  }
}

function takeOut(
  settings: Record<string, unknown>,
  key: string,
  inner: string | undefined,
): Pick<Refused, "key" | "value"> {
  const block = settings[key];
  const isBlock = blocks.has(key) && typeof block === "object" && block !== null;
  if (!isBlock || inner === undefined || !(inner in block)) {
    delete settings[key];
    return { key, value: block };
  }
  const { [inner]: value, ...rest } = block as Record<string, unknown>;
  if (Object.keys(rest).length === 0) delete settings[key];
  else settings[key] = rest;
  return { key: `${key}.${inner}`, value };
}

async function problemsOf(config: unknown, folder: string): Promise<readonly Problem[]> {
  try {
    await judge(config, "homeostat.yaml", { folder, env: process.env, clock: systemClock });
    return [];
  } catch (error) {
    if (!(error instanceof HomeostatError) || error.code !== "CONFIG_INVALID") throw error;
    return error.details as readonly Problem[];
  }
}
