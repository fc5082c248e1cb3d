// Notifier: a line in the daemon's own log.
import type { Log } from "../kernel/log.ts";
import type { Notifier } from "./notifier.ts";

export function logNotifier(log: Log): Notifier {
  return {
    name: "log",
    send: async (notice) => {
      const { incident, text } = notice;
      log.warn(notice.title, { incident, text });
    },
  };
}
