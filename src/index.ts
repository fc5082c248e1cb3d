// The face of the package: how a config is written, and the types it is made of.
export { HomeostatError } from "./kernel/errors.ts";
export type { CloudEvent } from "./model/cloudevent.ts";
export type { IncidentDetail, IncidentView, ServiceView, StateView } from "./protocol/api.ts";
export type {
  Config,
  HealingConfig,
  ProbeConfig,
  RestartConfig,
  ServiceConfig,
} from "./wiring/config.ts";
export { defineConfig } from "./wiring/config.ts";
