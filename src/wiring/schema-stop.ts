// The shape of what a config says about ends.
import type { z } from "zod";
import { block, choice, duration } from "./schema-parts.ts";

export const serviceStop: z.ZodType = block('{ signal: "SIGTERM", wait: "10s" }', {
  signal: choice("Default SIGTERM.", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR2"]),
  wait: duration("From the signal to SIGKILL. Default 10s."),
  dump: duration("When its own code lists what is stuck; only checked: less than hard.", 1),
  hard: duration("When its own code ends it at the latest; only checked: at most wait.", 1),
});

export const allStop: z.ZodType = block('{ grace: "45s" }', {
  grace: duration(
    "How long Docker, systemd or whoever runs Homeostat waits from SIGTERM to SIGKILL. Checked: stopping everything must take less.",
    1,
  ),
});
