// The gateway of a project that serves nothing through it: no process, and the end of one from before.
import { HomeostatError } from "../kernel/errors.ts";
import { gatewayTarget } from "../model/target.ts";
import type { GatewayProcess, GatewayProcessOptions } from "./gateway-process.ts";

/** 55 MB of memory that nobody would use. */
export function noGateway({
  platform,
  project,
  log,
}: Pick<GatewayProcessOptions, "platform" | "project" | "log">): GatewayProcess {
  return {
    boot: async () => {
      for (const { target, leader, identity } of platform.scan(project)) {
        if (target !== gatewayTarget || !leader) continue;
        log.info("ending the gateway: no service has a port any more", { pid: identity.pid });
        platform.signalGroup(identity, "SIGTERM");
      }
    },
    sync: () => {},
    inStep: async () => {},
    drained: async () => {},
    stats: async () => ({ version: 0, routes: [], instances: [] }),
    renew: async () => {
      throw new HomeostatError("NOT_NOW", "no service has a port: there is no gateway");
    },
    stop: async () => {},
  };
}
