// How a daemon begins and ends: who was there before, and in which order everything stops.
import type { Loop } from "../controller/loop.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Platform } from "../platforms/platform.ts";
import type { Spawner } from "../platforms/spawner/spawner.ts";
import type { Store } from "../stores/store.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import type { Apps } from "./apps.ts";
import type { ConfigFiles } from "./config-files.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { Logs } from "./logs.ts";
import type { DaemonOptions } from "./options.ts";
import { doneAtOf, pastOf } from "./past.ts";
import { scaledPolicy } from "./scale.ts";
import type { NotifyDesk } from "./sd-notify.ts";

/**
 * Tells the journal who is there, takes over what runs, starts the rest. `served` resolves when the
 * gateway answers, or has had its time.
 */
export async function begin(parts: {
  readonly options: DaemonOptions;
  readonly store: Store;
  readonly loop: Loop;
  readonly supervisor: Supervisor;
  readonly gateway: GatewayProcess;
  readonly files: ConfigFiles;
  readonly platform: Platform;
  readonly spawner: Spawner;
  readonly notify: NotifyDesk;
  readonly stopped: AbortSignal;
}): Promise<{ readonly served: Promise<void> }> {
  const { options, store, loop, supervisor, gateway, files, platform, spawner, stopped } = parts;
  // What runs is asked at once, and what it said while no daemon was there counts.
  await parts.notify.boot();
  const policy = scaledPolicy(options.resolved.policy, loop.mind.state);
  const { pid, version, clock } = options;
  const { bootId } = platform;
  const past = pastOf(loop.mind.state, store, bootId);
  const offsetMs = Math.round(clock.wall() - loop.clock.now());
  const subject = policy.project;
  loop.emit({ type: "daemon.started", subject, data: { pid, bootId, version, offsetMs } });
  loop.emit({ type: "config.applied", subject, data: { policy } });
  supervisor.adopt(past);
  spawner.settle();
  spawner.boot();
  files.check();
  // It is started by the spawner, too: the services need not wait for both.
  const served = gateway.boot();
  const doneAt = doneAtOf(loop.mind.state);
  supervisor.boot({ ...past, doneAt }, stopped).catch((error: unknown) => {
    if (!stopped.aborted) options.log.error("booting ended", { reason: messageOf(error) });
  });
  return { served };
}

/** How the daemon ends: dependents first, then the gateway and the spawner, then the journal. */
export function ending(parts: {
  readonly options: DaemonOptions;
  readonly store: Store;
  readonly loop: Loop;
  readonly supervisor: Supervisor;
  readonly gateway: GatewayProcess;
  readonly spawner: Spawner;
  readonly apps: Apps;
  readonly notify: NotifyDesk;
  readonly logs: Logs;
  readonly stopped: AbortController;
}): {
  readonly over: Promise<void>;
  /** `afterMs`: so that an answer leaves first. */
  readonly finish: (by: string, afterMs?: number) => void;
  /** Whether an end was asked for. */
  readonly isEnding: () => boolean;
} {
  const { options, store, loop, supervisor, gateway, spawner, apps, logs, stopped } = parts;
  let finish: (by: string, afterMs?: number) => void = () => {};
  let asked = false;
  const over = new Promise<void>((resolve, reject) => {
    finish = (by, afterMs = 0) => {
      if (asked) return;
      asked = true;
      options.log.info("stopping", { by });
      const work = async (): Promise<void> => {
        if (afterMs > 0) await options.clock.sleep(afterMs);
        stopped.abort();
        // What cannot be ended keeps nothing else from ending.
        const ends = [await settled(supervisor.stopAll(by)), await settled(gateway.stop())];
        ends.push(await settled(spawner.stop()), await settled(logs.close()));
        ends.push(await settled(parts.notify.stop()));
        apps.link.close();
        const subject = options.resolved.policy.project;
        loop.end({ type: "daemon.stopped", subject, data: { reason: by } });
        store.close();
        for (const end of ends) if (end.status === "rejected") throw end.reason;
      };
      work().then(resolve, reject);
    };
  });
  return { over, finish: (by, afterMs) => finish(by, afterMs), isEnding: () => asked };
}

async function settled(work: Promise<void>): Promise<PromiseSettledResult<void>> {
  const [end] = await Promise.allSettled([work]);
  return end;
}
