// One line of JSON for a share of the requests, and for each that failed or was slow.
import { seeded } from "../../kernel/random.ts";
import type { AccessLog } from "../../protocol/gateway-features.ts";
import { fieldOf, pathOf } from "../relay/asked.ts";
import type { Account, Feature, FeatureKind, FeatureParts } from "../relay/feature.ts";
import { type LineFile, lineFile } from "./line-file.ts";
import { withoutQuery } from "./paths.ts";

export const accessLog: FeatureKind = {
  block: (route) => route.accessLog,
  create: (route, parts) => {
    if (!route.accessLog) throw new TypeError("the route has no access log");
    const { clock, random, log, counters } = parts;
    const counts = { ...none, ...counters.accessLog };
    counters.accessLog = counts;
    const file = lineFile(route.accessLog.file, { clock, log, counts });
    return createAccessLog(route.service, route.accessLog, { clock, random }, file);
  },
};

export type Why = "error" | "slow" | "sample";

const pathBytes = 2_048;

/** Exported for its test, which has no disk. */
export function createAccessLog(
  service: string,
  rules: AccessLog,
  { clock, random }: Pick<FeatureParts, "clock" | "random">,
  file: LineFile,
): Feature {
  // A stream of chance of its own, so that the log changes nothing of what is done.
  const chance = seeded(random() * 2 ** 32);
  return {
    ended(account) {
      const why = whyOf(account, rules) ?? (chance() < rules.sample ? "sample" : undefined);
      if (why === undefined) return;
      file.write(lineOf(service, account, { wallMs: clock.wall(), query: rules.query, why }));
    },
    close: () => file.close(),
  };
}

const none = { written: 0, dropped: 0 };

function whyOf(account: Account, { errors, slowMs }: AccessLog): Why | undefined {
  if (errors && isError(account)) return "error";
  // A tunnel lasts as long as somebody listens.
  if (slowMs === undefined || account.outcome === "handedOver") return undefined;
  return account.endedAtMs - account.startedAtMs >= slowMs ? "slow" : undefined;
}

function isError({ status, outcome }: Account): boolean {
  return status >= 500 || (status === 0 && outcome !== "gone" && outcome !== "handedOver");
}

interface Line {
  readonly wallMs: number;
  readonly query: boolean;
  readonly why: Why;
}

function lineOf(service: string, account: Account, { wallMs, query, why }: Line): string {
  const { asked, outcome, status, instance, tries, waitedMs, startedAtMs, endedAtMs } = account;
  const { head, peer } = asked;
  const path = pathOf(asked);
  const line = {
    time: new Date(wallMs).toISOString(),
    ...{ service, client: peer.address, method: head.method },
    path: (query ? path : withoutQuery(path)).slice(0, pathBytes),
    ...{ status, outcome, instance, tries },
    waitMs: waitedMs === undefined ? undefined : rounded(waitedMs),
    totalMs: rounded(endedAtMs - startedAtMs),
    id: head.id,
    trace: fieldOf(asked, "traceparent")?.slice(3, 35),
    why,
  };
  return `${JSON.stringify(line)}\n`;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
