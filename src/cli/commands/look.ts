// Commands that only look: status, incidents, explain.
import { formatDuration } from "../../kernel/duration.ts";
import { metrics } from "../../model/reading.ts";
import type { IncidentDetail, ServiceView, StateView, TimelineEntry } from "../../protocol/api.ts";
import { connect, type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson, type Tone, table, wrap } from "../print.ts";
import { saySources } from "./foreign.ts";
import { healthTones, wordOf } from "./instances.ts";
import { sayUndelivered } from "./undelivered.ts";

const verdictTones: Readonly<Record<StateView["verdict"]["tone"], Tone>> = {
  ok: "good",
  healing: "accent",
  attention: "bad",
  stopped: "warn",
};

export async function status(options: GlobalOptions): Promise<void> {
  const view = await connect(whereIs(options)).get<StateView>("/api/state");
  if (options.json) return sayJson(view);
  say(paint(verdictTones[view.verdict.tone], wrap(view.verdict.text, 100)));
  say();
  say(table([header, ...view.services.flatMap(serviceRows)]));
  for (const { id, action, target, expiresInMs } of view.approvals) {
    say();
    const ask = `${id} asks: ${action} of ${target}? ${formatDuration(expiresInMs)} left.`;
    say(`${paint("warn", ask)} homeostat approve ${id} | deny ${id}`);
  }
  sayUndelivered(view);
  saySources(view);
  if (view.learning === undefined) return;
  const part = (view.learning * 100).toFixed(0);
  say(paint("dim", `Learning what is usual here: ${part} % of two days.`));
}

const header = ["service", "instance", "health", "pid", "up", "cpu", "memory", "port"].map((text) =>
  paint("dim", text),
);

function serviceRows(service: ServiceView): readonly (readonly string[])[] {
  if (service.external) return [externalRow(service)];
  return service.instances.map((it, i) => {
    const cpu = it.latest[metrics.cpu.name];
    const rss = it.latest[metrics.rss.name];
    const word = wordOf(service, it);
    return [
      i === 0 ? paint("bold", service.name) : "",
      it.target,
      paint(healthTones[word] ?? "warn", word),
      it.pid === undefined ? "-" : String(it.pid),
      it.uptimeMs === undefined ? "-" : formatDuration(it.uptimeMs),
      cpu === undefined ? "-" : `${(cpu * 100).toFixed(0)} %`,
      rss === undefined ? "-" : `${(rss / 1_048_576).toFixed(0)} MiB`,
      [
        i === 0 && service.port !== undefined ? `:${service.port}` : "",
        paint("dim", it.note ?? it.says ?? (i === 0 ? (service.note ?? "") : "")),
      ]
        .filter((text) => text !== "")
        .join("  "),
    ];
  });
}

/** It has no process here: what is known of it is how it is. */
function externalRow({ name, health, note = "" }: ServiceView): readonly string[] {
  const tone = healthTones[health] ?? (health === "down" ? "bad" : "warn");
  const cells = [paint("bold", name), "elsewhere", paint(tone, health)];
  return [...cells, "-", "-", "-", "-", paint("dim", note)];
}

export async function incidents(options: GlobalOptions): Promise<void> {
  const { incidents: all } = await connect(whereIs(options)).get<StateView>("/api/state");
  if (options.json) return sayJson(all);
  if (all.length === 0) return say("Nothing has needed healing in this journal.");
  const rows = all.map(({ id, state, title, openedAt, durationMs, actions }) => [
    paint("bold", id),
    paint(state === "resolved" ? "good" : state === "escalated" ? "bad" : "warn", state),
    openedAt.slice(0, 19).replace("T", " "),
    formatDuration(durationMs),
    actions.map(({ kind, target }) => `${kind} ${target}`).join(", ") || "-",
    title,
  ]);
  const head = ["id", "state", "opened", "lasted", "done", "what"].map((text) =>
    paint("dim", text),
  );
  say(table([head, ...rows]));
}

export async function showIncident(id: string, options: GlobalOptions): Promise<void> {
  const detail = await connect(whereIs(options)).get<IncidentDetail>(
    `/api/incidents/${encodeURIComponent(id)}`,
  );
  if (options.json) return sayJson(detail);
  say(paint("bold", wrap(`Incident ${detail.id}: ${detail.title}`, 100)));
  const { state, detectMs, durationMs } = detail;
  say(`${state} · detected in ${formatDuration(detectMs)} · ${formatDuration(durationMs)} in all`);
  say();
  for (const entry of detail.timeline) say(entryText(entry));
}

export async function exportIncident(id: string, options: GlobalOptions): Promise<void> {
  const client = connect(whereIs(options));
  if (options.json) return sayJson(await client.get(`/api/incidents/${encodeURIComponent(id)}`));
  process.stdout.write(await client.text(`/api/incidents/${encodeURIComponent(id)}/export`));
}

/** Only what was decided and why: the timeline without symptoms, receipts and evidence. */
export async function explain(id: string, options: GlobalOptions): Promise<void> {
  const detail = await connect(whereIs(options)).get<IncidentDetail>(
    `/api/incidents/${encodeURIComponent(id)}`,
  );
  const decided = detail.timeline.filter((entry) => entry.why && entry.lane !== "symptom");
  if (options.json) return sayJson(decided);
  say(paint("bold", wrap(`Why, in incident ${detail.id}: ${detail.title}`, 100)));
  for (const { text, why, lines, lane } of decided) {
    if (!why) continue;
    say(`${paint("accent", lane.padEnd(9))} ${text}`);
    say(paint("dim", wrap(`${why.rule}: ${why.text} (${number(why)})`, 100, "          ")));
    if (lane === "plan") for (const line of lines ?? []) say(wrap(line, 100, "          "));
  }
}

function number({ value, limit, unit }: NonNullable<TimelineEntry["why"]>): string {
  const show = (it: number): string => String(Math.round(it * 100) / 100);
  return `${show(value)} against ${show(limit)} ${unit}`;
}

const laneTones: Readonly<Record<TimelineEntry["lane"], Tone>> = {
  symptom: "bad",
  evidence: "accent",
  diagnosis: "accent",
  plan: "dim",
  guard: "warn",
  action: "bold",
  verify: "good",
  end: "good",
};

/** One entry of a timeline: time, lane, text; the reason and the lines below it. */
function entryText(entry: TimelineEntry): string {
  const since = `+${formatDuration(entry.sinceMs)}`.padStart(9);
  const lane = paint(laneTones[entry.lane], entry.lane.padEnd(9));
  const head = `${paint("dim", since)}  ${lane}  ${entry.text}`;
  const pad = " ".repeat(22);
  const said = entry.why && !entry.text.includes(entry.why.text);
  const why = said && entry.why ? [paint("dim", `${pad}${entry.why.rule}: ${entry.why.text}`)] : [];
  const lines = (entry.lines ?? []).slice(0, 12).map((line) => paint("dim", `${pad}${line}`));
  return [head, ...why, ...lines].join("\n");
}
