// How a daemon begins and ends: who was there before, and in which order everything stops.
import type { Loop } from "../controller/loop.ts";
import { messageOf } from "../kernel/errors.ts";
import { serviceOf, type Target } from "../model/target.ts";
import type { Platform } from "../platforms/platform.ts";
import type { Store } from "../stores/store.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import type { ConfigFiles } from "./config-files.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { DaemonOptions } from "./options.ts";

/** Tells the journal who is there, takes over what runs, starts the rest. */
export async function begin(parts: {
  readonly options: DaemonOptions;
  readonly loop: Loop;
  readonly supervisor: Supervisor;
  readonly gateway: GatewayProcess;
  readonly files: ConfigFiles;
  readonly platform: Platform;
  readonly stopped: AbortSignal;
}): Promise<void> {
  const { options, loop, supervisor, gateway, files, platform, stopped } = parts;
  const { policy } = options.resolved;
  const { pid, version, clock } = options;
  const { bootId } = platform;
  const known = new Map<Target, number>();
  const before = loop.mind.state;
  for (const { target, state, identity, startedAtMs } of Object.values(before.instances)) {
    const thisBoot = identity?.bootId === bootId;
    if (state !== "down" && thisBoot && serviceOf(target) in policy.services) {
      known.set(target, startedAtMs);
    }
  }
  const offsetMs = Math.round(clock.wall() - loop.clock.now());
  const subject = policy.project;
  loop.emit({ type: "daemon.started", subject, data: { pid, bootId, version, offsetMs } });
  loop.emit({ type: "config.applied", subject, data: { policy } });
  files.check();
  await gateway.boot();
  supervisor.boot(known, stopped).catch((error: unknown) => {
    if (!stopped.aborted) options.log.error("booting ended", { reason: messageOf(error) });
  });
}

/** How the daemon ends: dependents first, then the gateway, then the journal. */
export function ending(parts: {
  readonly options: DaemonOptions;
  readonly store: Store;
  readonly loop: Loop;
  readonly supervisor: Supervisor;
  readonly gateway: GatewayProcess;
  readonly stopped: AbortController;
}): { readonly over: Promise<void>; readonly finish: (by: string) => void } {
  const { options, store, loop, supervisor, gateway, stopped } = parts;
  let finish: (by: string) => void = () => {};
  const over = new Promise<void>((resolve, reject) => {
    let asked = false;
    finish = (by) => {
      if (asked) return;
      asked = true;
      options.log.info("stopping", { by });
      const work = async (): Promise<void> => {
        stopped.abort();
        await supervisor.stopAll(by);
        await gateway.stop();
        const subject = options.resolved.policy.project;
        loop.emit({ type: "daemon.stopped", subject, data: { reason: by } });
        store.close();
      };
      work().then(resolve, reject);
    };
  });
  return { over, finish: (by) => finish(by) };
}
