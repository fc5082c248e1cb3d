// An app's report and the orders to it as lines for people.
import { formatDuration } from "../../kernel/duration.ts";
import { plain, redact } from "../../kernel/redact.ts";
import type { AppReport, Order } from "../../protocol/link.ts";
import { isLost } from "../../protocol/link-lost.ts";

/** "drain on", "feature search off for 10 min", "capture heap-snapshot". */
export function orderText(order: Order): string {
  switch (order.kind) {
    case "drain":
      return `drain ${order.on ? "on" : "off"}`;
    case "degrade":
      return `degrade ${order.level}`;
    case "feature": {
      const span = order.forMs === undefined ? "" : ` for ${formatDuration(order.forMs)}`;
      return `feature ${order.name} ${order.state}${span}`;
    }
    case "breaker":
      return `breaker ${order.name} ${order.state}`;
    case "log-level":
      return `log-level ${order.level}`;
    case "capture":
      return `capture ${order.what}`;
    case "do":
      return `do ${order.name}`;
    case "recover":
      return `recover ${order.type} ${order.source}`;
  }
}

const linesMax = 20;
const lineMax = 300;

/** What is not as it should be, in the app's own words; secrets masked, at most 20 lines. */
export function troubleLines(report: AppReport): readonly string[] {
  const lines = [
    ...report.checks
      .filter(({ status }) => status !== "healthy")
      .map((it) => `check ${it.name} ${it.status}${because(it.reason)}, since ${it.since}`),
    ...report.breakers
      .filter(({ state }) => state !== "closed")
      .map((it) => `breaker ${it.name} ${it.state}${it.isolated ? ", held by hand" : ""}`),
    ...report.watched
      .filter(isLost)
      .map((it) => `${it.kind} ${it.id} ${it.state}${because(it.lastLoss)}`),
    ...report.features
      .filter(({ available }) => !available)
      .map((it) => `feature ${it.name} off${because(it.why)}`),
  ].map(clean);
  if (lines.length <= linesMax) return lines;
  const more = lines.length - linesMax + 1;
  return [...lines.slice(0, linesMax - 1), `and ${more} more`];
}

/** One line without secrets and control characters, not longer than a person reads. */
export function clean(text: string): string {
  return redact(plain(text)).slice(0, lineMax);
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === "" ? "" : `: ${reason}`;
}
