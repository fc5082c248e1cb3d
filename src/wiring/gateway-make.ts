// Puts the gateway of a project together: its link, its sockets and its place in the state folder.
import { renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { greetingOn } from "../gateway/greeting.ts";
import { createHaproxy } from "../gateway/haproxy/haproxy.ts";
import { gatewayLink } from "../gateway/link.ts";
import { builtin } from "../kernel/builtin.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Platform } from "../platforms/platform.ts";
import type { Route } from "../protocol/gateway.ts";
import { asideOf, programOf, socketsOf } from "../protocol/gateway-held.ts";
import { type GatewayProcess, keepGateway } from "./gateway-process.ts";
import { keepHaproxy } from "./haproxy-process.ts";
import { noGateway } from "./no-gateway.ts";
import type { DaemonOptions } from "./options.ts";
import type { Resolved } from "./resolve.ts";

export interface MakeGateway {
  readonly options: Pick<DaemonOptions, "log" | "random" | "stateFolder" | "gatewayCommand"> & {
    readonly resolved: Pick<Resolved, "folder" | "toxiproxy" | "haproxy">;
  };
  readonly platform: Platform;
  readonly clock: Clock;
  /** All that clients can be served on. */
  readonly routes: readonly Route[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export function makeGateway(parts: MakeGateway): GatewayProcess {
  const { options, platform, clock, routes, env, logFile } = parts;
  const { log, random, stateFolder: project, resolved, gatewayCommand: command } = options;
  const { toxiproxy } = resolved;
  if (routes.length === 0 && !toxiproxy) return noGateway({ platform, project, log });
  const { haproxy } = resolved;
  if (haproxy) {
    const its = createHaproxy({ folder: project, binary: haproxy.binary, clock, log });
    return keepHaproxy({ platform, clock, random, log, project, haproxy: its, env, logFile });
  }
  const socketPath = join(project, "gateway.sock");
  // What V8 has made of the program is kept where that of the daemon is: a start takes a third less.
  const compiled = builtin("node:module").getCompileCacheDir?.();
  const more = compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) };
  return keepGateway({
    ...{ platform, clock, random, log, project, socketPath, command, logFile },
    env: { ...env, ...more },
    cwd: resolved.folder,
    release: programOf(command.at(-1) ?? ""),
    sockets: routes.flatMap(socketsOf),
    holds: "BoundSocket" in builtin("node:net"),
    link: (path) =>
      gatewayLink({ socketPath: path, clock, log, ...(toxiproxy ? { toxiproxy } : {}) }),
    greeting: (path) => greetingOn(path, clock),
    place: (pid) => renameSync(asideOf(socketPath, pid), socketPath),
    unplace: () => rmSync(socketPath, { force: true }),
  });
}
