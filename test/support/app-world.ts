// An app with a clock that tests move, a log that is kept, and nothing of the process touched.

import { type App, type AppOptions, createApp } from "../../src/runtime/app/app.ts";
import type { Line, Sink } from "../../src/runtime/log/sink.ts";
import type { AppEvent } from "../../src/runtime/parts/bus.ts";
import type { Report } from "../../src/runtime/parts/capture.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { type SimClock, simClock } from "../../src/testing/sim-clock.ts";

export interface AppWorld {
  readonly app: App;
  readonly clock: SimClock;
  readonly lines: readonly Line[];
  readonly events: readonly AppEvent[];
  readonly reports: readonly Report[];
  /** Whether a line with this text was written. */
  said(text: string | RegExp): boolean;
}

export function appWorld(options: AppOptions = {}): AppWorld {
  const clock = simClock();
  const lines: Line[] = [];
  const reports: Report[] = [];
  const events: AppEvent[] = [];
  const sink: Sink = { name: "kept", write: (line) => void lines.push(line) };
  const app = createApp("shop", {
    clock,
    random: seeded(7),
    install: false,
    daemon: false,
    reporters: [{ name: "kept", capture: (report) => void reports.push(report) }],
    ...options,
    log: { sinks: [sink], ...options.log },
    metrics: { process: false, ...options.metrics },
  });
  app.events.subscribe("**", (event) => void events.push(event));
  const said = (text: string | RegExp): boolean =>
    lines.some(({ message }) =>
      typeof text === "string" ? message.includes(text) : text.test(message),
    );
  return { app, clock, lines, events, reports, said };
}
