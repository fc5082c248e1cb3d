// The face of the package: the app that looks after itself, and how the daemon beside it is told what to do.
export { HomeostatError } from "./kernel/errors.ts";
export type { CloudEvent } from "./model/cloudevent.ts";
export type { IncidentDetail, IncidentView, ServiceView, StateView } from "./protocol/api.ts";
export { type App, type AppOptions, createApp } from "./runtime/app/app.ts";
export type {
  Config,
  HealingConfig,
  ProbeConfig,
  RestartConfig,
  ServiceConfig,
} from "./wiring/config.ts";
export { defineConfig } from "./wiring/config.ts";
export type {
  LivenessConfig,
  ProbeOfKindConfig,
  ProbesConfig,
} from "./wiring/config-probes.ts";
