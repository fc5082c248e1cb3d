// Every notifier of ours keeps to the contract.
import { createLog, formatJson } from "../kernel/log.ts";
import { type NotifierUnderTest, notifierConformance } from "../testing/notifier-conformance.ts";
import { logNotifier } from "./log.ts";

notifierConformance("log", (): NotifierUnderTest => {
  const lines: string[] = [];
  const options = { level: "info", wall: () => 0 } as const;
  const full = (): never => {
    throw new Error("ENOSPC: no space left on device");
  };
  return {
    notifier: logNotifier(createLog({ ...options, write: (it) => lines.push(formatJson(it)) })),
    received: () => lines,
    unreachable: logNotifier(createLog({ ...options, write: full })),
  };
});
