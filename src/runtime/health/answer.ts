// What a probe over HTTP is answered: status, headers and a body in the style of health+json.
import type { Status } from "../parts/health.ts";
import type { CheckState } from "./state.ts";
import type { Summary } from "./summary.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * How much a stranger is told: the status alone; each check with its status; everything, reasons and
 * latencies too, which may name hosts.
 */
export type Details = "none" | "status" | "full";

const noStore = { "cache-control": "no-store" } as const;

/**
 * 200 or 503 with `application/health+json`: `pass`, `warn` or `fail` as in draft-inadarei-api-health-check-06,
 * and beside it our own four states as `health`.
 */
export function healthAnswer(summary: Summary, details: Details): Answer {
  const { ok, status, reason, checks } = summary;
  const body = {
    status: ok ? (status === "healthy" ? "pass" : "warn") : "fail",
    health: status,
    ...(details === "full" && reason !== undefined ? { output: reason } : {}),
    ...(details === "none"
      ? {}
      : { checks: Object.fromEntries(checks.map((each) => [each.name, [shown(each, details)]])) }),
  };
  return {
    status: ok ? 200 : 503,
    headers: { "content-type": "application/health+json; charset=utf-8", ...noStore },
    body: `${JSON.stringify(body)}\n`,
  };
}

export function textAnswer(
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
  more: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers: { "content-type": type, ...noStore, ...more }, body };
}

const words: Readonly<Record<Status, string>> = {
  healthy: "pass",
  degraded: "warn",
  unknown: "warn",
  unhealthy: "fail",
};

function shown(check: CheckState, details: Details): Readonly<Record<string, unknown>> {
  const { status, critical, since, checkedAt, latencyMs, reason } = check;
  const base = {
    status: words[status],
    health: status,
    critical,
    since,
    ...(checkedAt === undefined ? {} : { time: checkedAt }),
  };
  if (details !== "full") return base;
  return {
    ...base,
    ...(latencyMs === undefined
      ? {}
      : { observedValue: Math.round(latencyMs * 1000) / 1000, observedUnit: "ms" }),
    ...(reason === undefined ? {} : { output: reason }),
    ...(check.failure === undefined ? {} : { failures: check.failures, failure: check.failure }),
    ...(check.dependsOn.length === 0 ? {} : { dependsOn: check.dependsOn }),
  };
}
