// `homeostat tune`: how often rules would have alarmed over the recorded past, at a few settings.
import { systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { loadConfig } from "../../wiring/load.ts";
import { openPast, seriesMeant } from "../../wiring/past-series.ts";
import { leastSpanMs, type Trial, type Tuned, tuneLimits, tuneModel } from "../../wiring/tune.ts";
import { seriesModel, tunedModels } from "../../wiring/tune-kinds.ts";
import { nearest, quote } from "../../wiring/words.ts";
import { amountText } from "../amounts.ts";
import { type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson, table } from "../print.ts";

const minuteMs = 60_000;

export async function tune(
  service: string,
  metric: string | undefined,
  options: GlobalOptions,
): Promise<void> {
  const where = whereIs(options);
  const { policy } = await loadConfig({
    folder: where.folder,
    ...(options.config === undefined ? {} : { file: options.config }),
    env: { ...process.env },
    clock: systemClock,
  });
  const own = policy.services[service];
  if (!own) {
    const known = Object.keys(policy.services);
    const near = nearest(service, known);
    const expected = near === undefined ? `one of ${known.join(", ")}` : quote(near);
    throw new HomeostatError("UNKNOWN_ID", `tune: expected ${expected}, got ${quote(service)}`);
  }
  const nowMs = Date.now();
  const store = openPast(where.state, nowMs);
  try {
    const series = seriesMeant(store, service, metric);
    const limits = tuneLimits(store, series, own.limits, nowMs);
    const models = tunedModels.flatMap((name) =>
      tuneModel(store, series, seriesModel(name), nowMs, localMs),
    );
    if (options.json) sayJson([...limits, ...models]);
    else show(service, limits, models, own.limits.forMs);
  } finally {
    store.close();
  }
}

/** As the zone of this process counts days. */
const localMs = (atMs: number): number => atMs - new Date(atMs).getTimezoneOffset() * minuteMs;

function show(
  service: string,
  limits: readonly Tuned[],
  models: readonly Tuned[],
  forMs: number,
): void {
  for (const it of limits) showLimit(it, forMs);
  if (models.length > 0) showModels(models);
  const lines = limits.flatMap(({ line }) => line ?? []);
  if (lines.length > 0) {
    say(`${paint("bold", "For the config")}, at most one alarm a month by what was recorded:`);
    for (const line of merged(lines)) say(`  ${service}: { ${line} }`);
  } else if (limits.length > 0) {
    say(
      `What is recorded is too short to suggest a limit: ${formatDuration(leastSpanMs)} at least.`,
    );
  } else if (models.length === 0) say("Nothing of it that has a limit is recorded yet.");
}

function showLimit({ metric, label, unit, series, spanMs, trials }: Tuned, forMs: number): void {
  const of = series === 1 ? "one series" : `${series} series`;
  const past = `${of}, ${formatDuration(spanMs)} together`;
  say(
    `${paint("bold", metric)} ${paint("dim", `${label}; ${past}; for ${formatDuration(forMs)}`)}`,
  );
  const head = ["  LIMIT", "ALARMS", "A MONTH", "SICK FOR", ""].map((it) => paint("dim", it));
  const rows = trials.map((it) => [`  ${amountText(it.setting, unit)}`, ...cells(it, "as it is")]);
  say(table([head, ...rows]));
  say();
}

function showModels(models: readonly Tuned[]): void {
  const by = [...new Set(models.map((it) => it.by))].join(", ");
  say(
    `${paint("bold", by)} ${paint("dim", "alarms at a budget of false ones per series and month")}`,
  );
  const budgets = models[0]?.trials.map(({ setting }) => setting) ?? [];
  const head = ["  SERIES", "PAST", ...budgets.map((it) => `AT ${it}`)];
  const rows = models.map(({ label, spanMs, trials, learnt = 1 }) => [
    `  ${label}`,
    learnt < 1
      ? `${formatDuration(spanMs)}, learning: ${Math.floor(learnt * 100)} %`
      : formatDuration(spanMs),
    ...trials.map(({ alarms }) => String(alarms)),
  ]);
  say(table([head.map((it) => paint("dim", it)), ...rows]));
  say();
}

function cells({ alarms, perMonth, sickMs, isCurrent }: Trial, mark: string): readonly string[] {
  const often = perMonth >= 10 ? perMonth.toFixed(0) : perMonth.toFixed(1);
  const tone = perMonth <= 1 ? "good" : "warn";
  const sick = sickMs === 0 ? "-" : formatDuration(sickMs);
  return [paint(tone, String(alarms)), often, sick, isCurrent ? paint("accent", mark) : ""];
}

/** Lines of one block are made one: a config has it once. */
function merged(lines: readonly string[]): readonly string[] {
  const blocks = new Map<string, string[]>();
  for (const line of lines) {
    const [, block = "", inner = ""] = /^(\w+): \{ (.*) \}$/.exec(line) ?? [];
    blocks.set(block, [...(blocks.get(block) ?? []), inner]);
  }
  return [...blocks].map(([block, inner]) => `${block}: { ${inner.join(", ")} }`);
}
