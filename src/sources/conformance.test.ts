// Every source of ours keeps to the contract.

import { healthy } from "../../test/support/link.ts";
import { type InstanceStats, latencyBucketsMs } from "../protocol/gateway.ts";
import { type SourceUnderTest, sourceConformance } from "../testing/source-conformance.ts";
import { appLinkSource } from "./app-link.ts";
import { gatewaySource } from "./gateway.ts";
import { processSource } from "./process.ts";

sourceConformance("process", {
  make: (look) => {
    let cpuMs = 0;
    return processSource({
      instances: () => {
        void look();
        return [1, 2].map((n) => ({
          target: `web/${n}`,
          identity: { pid: n, startTicks: n, bootId: "boot" },
        }));
      },
      figures: ({ pid }) => {
        cpuMs += 10;
        return { cpuMs: cpuMs * pid, rssBytes: 80_000_000, threads: 11, fds: 20 };
      },
      intervalMs: 1_000,
    });
  },
  emitsWithinMs: 1_000,
  waits: false,
});

const gateway: SourceUnderTest = {
  make: (look) => {
    let requests = 0;
    const counters = (instance: string): InstanceStats => ({
      ...{ instance, requests, failures: 0, broken: 0, inflight: 1, ejections: 0 },
      ...{ connections: 1, statuses: [] },
      latency: latencyBucketsMs.map(() => requests),
    });
    return gatewaySource({
      stats: async () => {
        await look();
        requests += 10;
        return { version: 1, routes: [], instances: [counters("web/1"), counters("web/2")] };
      },
    });
  },
  emitsWithinMs: 2_000,
  waits: true,
};

sourceConformance("gateway", gateway);

sourceConformance("app-link", {
  make: (look) =>
    appLinkSource({
      reports: () => {
        void look();
        return [1, 2].map((n) => ({ target: `web/${n}`, report: healthy, ageMs: 0 }));
      },
      intervalMs: 1_000,
    }),
  emitsWithinMs: 1_000,
  waits: false,
});
