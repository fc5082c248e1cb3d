// Commands about the apps themselves: what they say of themselves, and orders to one of them.
import { formatDuration, parseDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { AppsView, AppView, OrderView } from "../../protocol/api.ts";
import type { AppReport } from "../../protocol/link.ts";
import { isLost } from "../../protocol/link-lost.ts";
import { connect, type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson, type Tone, table } from "../print.ts";
import { orderOf, type Words } from "./order-words.ts";

export async function apps(options: GlobalOptions): Promise<void> {
  const view = await connect(whereIs(options)).get<AppsView>("/api/apps");
  if (options.json) return sayJson(view);
  if (view.problem !== undefined)
    return say(paint("warn", `No app can be linked: ${view.problem}`));
  if (view.apps.length === 0) {
    return say("No app is linked. One that uses createApp links itself when Homeostat starts it.");
  }
  const rows = view.apps.toSorted((a, b) => a.target.localeCompare(b.target, "en")).map(row);
  say(table([header, ...rows]));
}

const header = [
  "instance",
  "status",
  "checks",
  "features off",
  "breakers open",
  "lost",
  "link",
].map((text) => paint("dim", text));

const tones: Readonly<Record<AppReport["status"], Tone>> = {
  healthy: "good",
  degraded: "warn",
  unhealthy: "bad",
  unknown: "dim",
};

function row(app: AppView): readonly string[] {
  const { report } = app;
  const name = paint("bold", app.target);
  if (!report) return [name, "-", "-", "-", "-", "-", linkOf(app)];
  const { status, checks, features, breakers, watched } = report;
  const well = checks.filter((check) => check.status === "healthy").length;
  return [
    name,
    paint(tones[status], report.stopping ? "stopping" : status),
    checks.length === 0 ? "-" : `${well} of ${checks.length} well`,
    names(features.filter(({ available }) => !available)),
    names(breakers.filter(({ state }) => state === "open")),
    names(watched.filter(isLost).map(({ id }) => ({ name: id }))),
    `${linkOf(app)}${report.reason === undefined ? "" : paint("dim", `  ${report.reason}`)}`,
  ];
}

const namesShown = 3;

function names(of: readonly { readonly name: string }[]): string {
  if (of.length === 0) return "-";
  const shown = of.slice(0, namesShown).map(({ name }) => name);
  const more = of.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function linkOf({ link, linkedMs, reportAgeMs = linkedMs }: AppView): string {
  const since = formatDuration(linkedMs);
  return link === "up" ? since : paint("bad", `silent for ${formatDuration(reportAgeMs)}`);
}

export interface OrderOptions extends GlobalOptions {
  readonly for?: string;
}

export async function orderApp(target: string, words: Words, options: OrderOptions): Promise<void> {
  const order = orderOf(words, spanOf(options.for));
  const path = `/api/apps/${encodeURIComponent(target)}/orders`;
  const answer = await connect(whereIs(options)).post<OrderView>(path, { order });
  if (options.json) return sayJson(answer);
  say(`${paint("good", target)}: ${answer.done}`);
}

/** @throws USAGE */
function spanOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = parseDuration(given);
  if (ms !== undefined && ms >= 1) return Math.round(ms);
  const got = JSON.stringify(given.slice(0, 60));
  throw new HomeostatError("USAGE", `order: --for: expected a duration such as 10m, got ${got}`);
}
