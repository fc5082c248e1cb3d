// A copy of the example shop with ports and a state of its own, for trials with real processes.
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../../../src/wiring/config.ts";
import { createProject, type Project } from "./project.ts";

const shopFolder = fileURLToPath(new URL("../../../examples/shop/", import.meta.url));
const soundConfig = readFileSync(join(shopFolder, "payments.config.json"), "utf8");

export interface Shop {
  readonly project: Project;
  /** Where customers connect. */
  readonly url: string;
  /** Whether payments has the config that it can run with. */
  hasSoundConfig(): boolean;
  writeBadConfig(): void;
}

/** `over` is put over the healing of all services. */
export async function createShop(over: Partial<Config["healing"]> = {}): Promise<Shop> {
  const place = { web: 0 };
  const project = await createProject((folder, port) => {
    const state = join(folder, "shop");
    mkdirSync(state);
    copyFileSync(join(shopFolder, "payments.config.json"), join(state, "payments.config.json"));
    const ports = { web: port(), catalog: port(), payments: port(), recommendations: port() };
    place.web = ports.web;
    return configOf(state, ports, over);
  });
  const config = join(project.folder, "shop", "payments.config.json");
  return {
    project,
    url: `http://127.0.0.1:${place.web}`,
    hasSoundConfig: () => readFileSync(config, "utf8") === soundConfig,
    writeBadConfig: () => {
      writeFileSync(
        `${config}.new`,
        soundConfig.replace(/"timeoutMs": *\d+/, '"timeoutMs": "soon"'),
      );
      renameSync(`${config}.new`, config);
    },
  };
}

type Ports = Readonly<Record<"web" | "catalog" | "payments" | "recommendations", number>>;

function configOf(state: string, ports: Ports, healing: Partial<Config["healing"]>): Config {
  const node = (service: string): string[] => [
    process.execPath,
    "--conditions=source",
    join(shopFolder, "services", `${service}.ts`),
  ];
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const env = { SHOP_STATE: state, SHOP_SICKNESS: "allowed" };
  const probe = { http: "/health", interval: "300ms", timeout: "1s", failures: 2, startup: "8s" };
  const restart = {
    backoff: { first: "300ms", max: "1s" },
    stable: "3s",
    giveUp: { exits: 50, within: "10m" },
  };
  const config = join(state, "payments.config.json");
  return {
    project: "trial",
    services: {
      catalog: { command: node("catalog"), replicas: 2, port: ports.catalog, env, probe, restart },
      payments: {
        command: node("payments"),
        replicas: 2,
        port: ports.payments,
        env: { ...env, PAYMENTS_CONFIG: config },
        configFiles: [config],
        probe,
        restart,
        hold: "8s",
      },
      recommendations: {
        command: node("recommendations"),
        port: ports.recommendations,
        env,
        probe: { ...probe, http: "/recommendations/1", timeout: "3s", slowAfter: "600ms" },
        restart,
        limits: { p95: "600ms", for: "2s" },
        degradable: true,
      },
      worker: {
        // It has a process of its own in its group: whoever ends the worker must end that one too.
        command: ["/bin/sh", "-c", 'sleep 3600 & exec "$0" "$@"', ...node("worker")],
        env,
        probe,
        restart,
        stop: { wait: "2s" },
      },
      web: {
        command: node("web"),
        replicas: 2,
        port: ports.web,
        dependsOn: ["catalog", "payments", "recommendations"],
        env: {
          ...env,
          CATALOG_URL: at(ports.catalog),
          PAYMENTS_URL: at(ports.payments),
          RECOMMENDATIONS_URL: at(ports.recommendations),
        },
        probe,
        restart,
        limits: { p95: "900ms", for: "2s" },
      },
    },
    healing: { mode: "auto", ...healing },
  };
}
