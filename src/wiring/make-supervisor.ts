// The supervisor of the daemon, with everything of the others that its work needs.
import type { Loop } from "../controller/loop.ts";
import type { Target } from "../model/target.ts";
import type { Platform } from "../platforms/platform.ts";
import type { History } from "../server/history.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import { createSupervisor } from "../supervisor/supervisor.ts";
import { lookBack } from "./aftermath.ts";
import type { Apps } from "./apps.ts";
import { endOfLog, lastLines } from "./capture.ts";
import type { ConfigFiles } from "./config-files.ts";
import type { Outside } from "./externals.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { readPiece } from "./log-piece.ts";
import { type DaemonOptions, setOf } from "./options.ts";
import { scaledPolicy } from "./scale.ts";
import type { NotifyDesk } from "./sd-notify.ts";
import { specsOf } from "./specs.ts";
import { drainMs } from "./stop-time.ts";

/** The report of a runtime that gives up is longer than what the journal keeps of it. */
const lastLinesRead = 60;

interface Others {
  readonly platform: Platform;
  readonly loop: Loop;
  readonly history: History;
  readonly gateway: GatewayProcess;
  readonly files: ConfigFiles;
  readonly apps: Apps;
  readonly outside: Outside;
  readonly notify: NotifyDesk;
  readonly observe: Loop["observe"];
  readonly logFile: (target: Target) => string;
}

export function makeSupervisor(options: DaemonOptions, others: Others): Supervisor {
  const { resolved, stateFolder, log } = options;
  const { platform, loop, history, gateway, files, apps, outside, notify, observe, logFile } =
    others;
  const { clock } = loop;
  return createSupervisor({
    platform,
    clock,
    random: options.random,
    log,
    project: stateFolder,
    services: specsOf(
      { ...resolved, policy: scaledPolicy(resolved.policy, loop.mind.state) },
      { ...setOf(options.env), ...apps.env },
      { ...apps.hearing, notify: notify.ear },
    ),
    notify: notify.hands,
    logFile,
    lastLines: (file, fromByte) => lastLines(file, lastLinesRead, fromByte),
    endOfFile: endOfLog,
    readLog: readPiece,
    lookBack: lookBack({ resolved, history, project: stateFolder, wall: options.clock.wall }),
    ...{ emit: loop.emit, together: loop.together, observe },
    drain: async (target) => {
      await Promise.all([apps.drain(target), gateway.drained(target, drainMs)]);
    },
    externalReady: outside.isReady,
    beforeExit: (service) => files.check(service),
  });
}
