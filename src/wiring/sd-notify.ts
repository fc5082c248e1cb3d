// The sd_notify sockets of services that are asked so, and what is made of what they say.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { parseDuration } from "../kernel/duration.ts";
import { notifyTarget, serviceOf, type Target } from "../model/target.ts";
import { endOurs } from "../platforms/ours.ts";
import { readPowers } from "../platforms/powers.ts";
import { keepNotify, type Notify, type NotifySocket } from "../platforms/sd-notify/listen.ts";
import { excerpt } from "../probes/answer.ts";
import type { NotifyEar, NotifyProbeOptions } from "../probes/notify.ts";
import type { NotifyHands } from "../supervisor/spec.ts";
import type { DaemonOptions } from "./options.ts";
import { accountOf } from "./process.ts";
import type { Resolved, ResolvedService } from "./resolve.ts";
import type { ProbeOfKind, ResolvedProbes } from "./resolve-probes.ts";

export interface NotifyDesk {
  /** Resolves when everything that services may say is heard. */
  boot(): Promise<void>;
  readonly hands: NotifyHands;
  readonly ear: NotifyEar;
  /** The latest STATUS= of an instance, for people. */
  says(target: Target): string | undefined;
  leave(): void;
  stop(): Promise<void>;
}

export function createNotifyDesk(
  options: DaemonOptions,
  clock: Clock,
  logFile: string,
): NotifyDesk {
  const { resolved, stateFolder, random, log, env } = options;
  const socketPath = join(stateFolder, "notify.sock");
  const asked = new Map(
    Object.values(resolved.services)
      .filter(({ probes }) => usesNotify(probes))
      .map((service) => [service.name, service] as const),
  );
  const sockets = socketsOf(resolved, [...asked.values()], stateFolder, env.PATH ?? "");
  const keeper: Notify = keepNotify({
    ...{ clock, random, log, sockets, socketPath, logFile },
    project: stateFolder,
    cwd: resolved.folder,
    path: env.PATH ?? "",
  });
  const paths = new Map(sockets.map(({ target, path }) => [target, path]));
  const of: NotifyHands["of"] = (target) => {
    const socket = paths.get(target);
    if (socket === undefined) return undefined;
    const watchdogMs = watchdogMsOf(asked.get(serviceOf(target))?.probes?.liveness);
    return { socket, ...(watchdogMs === undefined ? {} : { watchdogMs }) };
  };
  return {
    boot: async () => {
      if (sockets.length > 0) return keeper.boot();
      // A daemon before this one may have had other services.
      if (existsSync(socketPath)) await endOurs(clock, stateFolder, notifyTarget);
    },
    hands: {
      of,
      begin: keeper.begin,
      extendedUntilMs: (target) => keeper.told(target)?.extendedUntilMs,
    },
    ear: {
      told: keeper.told,
      ask: keeper.ask,
      watch: keeper.watch,
      hearsSinceMs: () => keeper.hearsSinceMs,
    },
    says: (target) => {
      const { phase, status } = keeper.told(target) ?? {};
      const words = [phase === "ready" ? undefined : phase, status && excerpt(status, 200)];
      const text = words.filter((it) => it !== undefined && it !== "").join(": ");
      return text === "" ? undefined : text;
    },
    leave: keeper.leave,
    stop: keeper.stop,
  };
}

/** How a probe of kind notify is asked, by what it is for. */
export function notifyOptions(
  ear: NotifyEar,
  probes: ResolvedProbes,
  probe: ProbeOfKind,
): NotifyProbeOptions {
  if (probe === probes.startup) return { ear, word: "started" };
  if (probe === probes.readiness) return { ear, word: "ready" };
  const withinMs = watchdogMsOf(probe) ?? 0;
  return { ear, word: "alive", withinMs, begun: probes.startup !== undefined };
}

function usesNotify(probes: ResolvedProbes | undefined): boolean {
  const { startup, readiness, liveness } = probes ?? {};
  return [startup, readiness, liveness].some((probe) => probe?.kind.notify !== undefined);
}

export function watchdogMsOf(probe: ProbeOfKind | undefined): number | undefined {
  const notify = probe?.kind.notify;
  return typeof notify === "object" ? parseDuration(notify.watchdog) : undefined;
}

/** Another user cannot pass through the state folder: its sockets lie where only root can put them. */
export function notifyFolder(stateFolder: string, isOfAnother: boolean): string {
  if (!isOfAnother) return join(stateFolder, "notify");
  const mark = createHash("sha256").update(stateFolder).digest("hex").slice(0, 12);
  return `/run/homeostat-${mark}`;
}

function socketsOf(
  { policy }: Resolved,
  services: readonly ResolvedService[],
  stateFolder: string,
  path: string,
): readonly NotifySocket[] {
  return services.flatMap(({ name, process }) => {
    const { user, group } = process;
    const isOfAnother = user !== undefined || group !== undefined;
    const account = isOfAnother ? accountOf(process, readPowers(path))?.account : undefined;
    const folder = notifyFolder(stateFolder, account !== undefined);
    const owner = account ? { owner: { uid: account.uid, gid: account.gid } } : {};
    const replicas = policy.services[name]?.replicas ?? 0;
    return Array.from({ length: replicas }, (_, i) => ({
      target: `${name}/${i + 1}`,
      path: join(folder, `${name}-${i + 1}`),
      ...owner,
    }));
  });
}
