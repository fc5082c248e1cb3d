// Notifier: a line in the daemon's own log.
import type { Log } from "../kernel/log.ts";
import type { Notifier } from "./notifier.ts";

export function logNotifier(log: Log): Notifier {
  return {
    name: "log",
    send: async ({ incident, title, text, over }) => {
      if (over) log.info(title, { incident, text, over });
      else log.warn(title, { incident, text });
    },
  };
}
