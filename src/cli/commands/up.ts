// `homeostat up`: reads the config, and becomes the daemon that runs by it.
import { mkdirSync } from "node:fs";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { knownShape } from "../../wiring/sound.ts";
import { type LaunchOptions, whereIs } from "../context.ts";
import { launch } from "../enter.ts";
import { leaveFirstPlace } from "../first-process.ts";
import { load, type UpOptions } from "../load.ts";

/** The daemon takes the place of this process, which has read the config: it needs no memory for that. */
export async function up(options: UpOptions): Promise<void> {
  leaveFirstPlace();
  const where = whereIs(options);
  const known = knownShape(where.state);
  const resolved = await load(options, where, { known });
  makeFolder(where.state);
  known.write();
  await launch({
    resolved,
    folder: where.folder,
    stateFolder: where.state,
    logLevel: options.logLevel ?? "info",
    json: options.json ?? false,
    options: chosen(options),
  });
}

function chosen({ config, logLevel, dashboardPort, profile }: UpOptions): LaunchOptions {
  return {
    ...(config === undefined ? {} : { config }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(dashboardPort === undefined ? {} : { dashboardPort }),
    ...(profile === undefined ? {} : { profile }),
  };
}

/** @throws JOURNAL_UNUSABLE */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const message = `the state folder cannot be made: ${messageOf(error)}`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message, { cause: error });
  }
}
