// Reads the config of a project as a command asks for it, and looks whether its ports can be had.
import { systemClock } from "../kernel/clock.ts";
import { checkContainer } from "../wiring/check-stop.ts";
import { loadConfig } from "../wiring/load.ts";
import type { Finding } from "../wiring/problem.ts";
import { record } from "../wiring/raw.ts";
import type { Resolved } from "../wiring/resolve.ts";
import type { KnownShape } from "../wiring/sound.ts";
import type { GlobalOptions, LaunchOptions, Where } from "./context.ts";
import { portsInUse } from "./ports.ts";
import { wholeOption } from "./usage.ts";

export interface UpOptions extends GlobalOptions, LaunchOptions {}

export interface LoadHow {
  /** What a container gives without a word is enough, or it is a problem. */
  readonly isHeld?: boolean;
  readonly known?: KnownShape;
}

export async function load(options: UpOptions, where: Where, how: LoadHow = {}): Promise<Resolved> {
  const { dashboardPort: port } = options;
  return loadConfig({
    folder: where.folder,
    ...(options.config === undefined ? {} : { file: options.config }),
    ...(port === undefined
      ? {}
      : { dashboardPort: wholeOption("--dashboard-port", port, 1, 65_535) }),
    profiles: options.profile ?? [],
    // A copy: it is looked through for each service, and the real one answers slowly.
    env: { ...process.env },
    clock: systemClock,
    ...(how.known ? { known: how.known } : {}),
    alsoCheck: async (config) => [
      ...(await portsInUse(config, where)),
      ...(await gatewayProblems(config)),
      ...(how.isHeld ? checkContainer(config) : []),
    ],
  });
}

/** Few have a HAProxy: what looks for one is not read for the others. */
async function gatewayProblems(config: unknown): Promise<readonly Finding[]> {
  if (record(record(config).gateway).kind !== "haproxy") return [];
  const { haproxyProblems } = await import("./haproxy-found.ts");
  return haproxyProblems(config);
}
