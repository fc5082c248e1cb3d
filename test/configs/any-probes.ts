// Sound probes of each kind, made by chance.
import fc, { type Arbitrary } from "fast-check";
import type {
  LivenessConfig,
  ProbeOfKindConfig,
  ProbesConfig,
} from "../../src/wiring/config-probes.ts";

const kind = fc.constantFrom<ProbeOfKindConfig>(
  { http: "/health" },
  { http: { path: "/", status: [200], body: "ok", bodyMatches: "^o", https: { warnDays: 7 } } },
  { http: { path: "/", method: "POST", headers: { "X-A": "b" }, redirects: 2, https: true } },
  { tcp: true },
  { tcp: { port: 6_379, send: "PING", expect: "PONG" } },
  { exec: ["sleep", "0"] },
  { grpc: true },
  { grpc: { service: "shop.Cart" } },
  { file: { path: "beat", maxAge: "5s" } },
  { link: "ready" },
  { notify: true },
  { link: { says: "live", within: 3_000 } },
);

const span = (fromMs: number, toMs: number): Arbitrary<number | string> =>
  fc
    .tuple(fc.integer({ min: fromMs, max: toMs }), fc.boolean())
    .map(([ms, asText]) => (asText ? `${ms}ms` : ms));

type Schedule = Omit<
  ProbeOfKindConfig,
  "http" | "tcp" | "exec" | "grpc" | "file" | "link" | "notify"
>;

const schedule = fc.record<Required<Schedule>, never>(
  {
    interval: span(50, 60_000),
    timeout: span(1_000, 60_000),
    failures: fc.integer({ min: 1, max: 100 }),
    successes: fc.integer({ min: 1, max: 100 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    delay: span(0, 60_000),
  },
  { requiredKeys: [] },
) as Arbitrary<Schedule>;

const probe: Arbitrary<ProbeOfKindConfig> = fc
  .tuple(kind, schedule)
  .map(([asked, rest]) => ({ ...asked, ...rest }));

/** Liveness asks for signs of life, the others for words. */
const alive = probe.map((it) =>
  it.notify === undefined ? it : { ...it, notify: { watchdog: "10s" } as const },
);

const liveness: Arbitrary<LivenessConfig> = fc
  .tuple(alive, fc.option(span(1, 999), { nil: undefined }))
  .map(([it, slowAfter]) => ({ ...it, ...(slowAfter === undefined ? {} : { slowAfter }) }));

export const probes: Arbitrary<ProbesConfig> = fc
  .record({ startup: probe, readiness: probe, liveness }, { requiredKeys: ["liveness"] })
  .map((all) => all as ProbesConfig);
