// How the shop is to be looked after: its five services, what they need, and what healing may do.
import { defineConfig } from "homeostat";

const state = ".homeostat/shop";
/** The flags of this process: in the repository the library is read from its source. */
const node = (service: string): string[] => [
  process.execPath,
  ...process.execArgv.filter((flag) => flag.startsWith("--conditions")),
  `services/${service}.ts`,
];
const env = { SHOP_STATE: state, SHOP_SICKNESS: "allowed" };
/** A run of 4 s counts as stable here: a tour cannot wait for the 10 s that are sound elsewhere. */
const restart = { stable: "4s" } as const;
const probe = { http: "/health", interval: "500ms", timeout: "1s", failures: 2 } as const;

export default defineConfig({
  project: "shop",
  services: {
    catalog: { command: node("catalog"), replicas: 2, port: 7711, env, probe, restart },
    payments: {
      command: node("payments"),
      replicas: 2,
      port: 7712,
      env: { ...env, PAYMENTS_CONFIG: `${state}/payments.config.json` },
      configFiles: [`${state}/payments.config.json`],
      probe,
      restart,
      hold: "8s",
    },
    recommendations: {
      command: node("recommendations"),
      port: 7713,
      env,
      probe: { ...probe, http: "/recommendations/1", timeout: "3s", slowAfter: "600ms" },
      limits: { p95: "600ms", for: "2s" },
      degradable: true,
      restart,
    },
    worker: {
      command: node("worker"),
      env,
      probe,
      restart,
      stop: { wait: "2s" },
    },
    web: {
      command: node("web"),
      replicas: 2,
      port: 7710,
      dependsOn: ["catalog", "payments", "recommendations"],
      env: {
        ...env,
        CATALOG_URL: "http://127.0.0.1:7711",
        PAYMENTS_URL: "http://127.0.0.1:7712",
        RECOMMENDATIONS_URL: "http://127.0.0.1:7713",
      },
      probe,
      restart,
      limits: { p95: "900ms", for: "2s" },
    },
  },
  healing: {
    mode: "auto",
    perHour: 60,
    cooldown: { first: "2s", max: "1m" },
    verify: { healthy: "4s", timeout: "30s" },
  },
});
