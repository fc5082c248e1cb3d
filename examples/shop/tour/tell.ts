// What the tour prints: the story of each sickness in a few lines, and the score table.
import { stripVTControlCharacters, styleText } from "node:util";
import type { IncidentDetail } from "homeostat";
import type { Score } from "./play.ts";
import type { Sickness } from "./sicknesses.ts";

type Style = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";

export function paint(style: Style, text: string): string {
  const plain = !process.stdout.isTTY || process.env.NO_COLOR !== undefined;
  return plain ? text : styleText(style, text, { validateStream: false });
}

export function announce(sickness: Sickness, number: number, count: number): string {
  const head = paint("bold", `${number}/${count}  ${sickness.inflicts}`);
  return `\n${head}\n     ${paint("dim", `the right answer: ${sickness.right}`)}`;
}

/** Seen, evidence, diagnosis, refused or rejected, done, verified: one line each, in that order. */
export function story({ incident, timeline }: IncidentDetail): string {
  const at = (entry: { readonly sinceMs: number }): string =>
    paint("dim", `+${(entry.sinceMs / 1_000).toFixed(1)} s`.padStart(8));
  const lines: string[] = [];
  const add = (label: string, when: string, text: string): void => {
    lines.push(`     ${paint("cyan", label.padEnd(10))}${when.padStart(8)}  ${text}`);
  };
  const pick = (lane: string) => timeline.filter((entry) => entry.lane === lane);
  const seen = pick("symptom")[0];
  if (seen) add("seen", at(seen), seen.text);
  for (const entry of pick("evidence").filter((it) => it.lines)) {
    const frames = (entry.lines ?? []).slice(0, 2).map((line) => paint("dim", line.trim()));
    add("evidence", at(entry), [entry.text, ...frames].join(`\n${" ".repeat(25)}`));
  }
  const diagnosis = pick("diagnosis").at(-1);
  if (diagnosis) {
    add("diagnosis", at(diagnosis), paint("bold", diagnosis.text));
    const because = [...(diagnosis.why ? [diagnosis.why.text] : []), ...(diagnosis.lines ?? [])];
    const news = because.filter((line) => !diagnosis.text.includes(line) && line !== seen?.text);
    for (const line of news) lines.push(`${" ".repeat(25)}${paint("dim", line)}`);
  }
  for (const { action, why } of incident.plan?.rejected ?? []) {
    add("not done", " ".repeat(8), `${action}: ${why.text}`);
  }
  for (const entry of pick("guard").slice(0, 3)) {
    add("guard", at(entry), `${entry.text}${entry.why ? ` (${entry.why.text})` : ""}`);
  }
  for (const entry of pick("action").filter((it) => / (done|failed)/.test(it.text))) {
    const steps = (entry.lines ?? []).join("; ");
    add("done", at(entry), `${entry.text.replace(/: done$/, "")}: ${steps}`);
  }
  const last = timeline.at(-1);
  if (last) add(incident.state, at(last), last.why?.text ?? last.text);
  return lines.join("\n");
}

export function verdict(score: Score): string {
  const lost =
    score.lostIdempotent + score.lostUnsafe === 0
      ? `0 of ${score.requests} requests lost`
      : `${score.lostIdempotent} safe requests and ${score.lostUnsafe} POSTs of ${score.requests} lost`;
  const times = `detected in ${seconds(score.detectMs)}, well again after ${seconds(score.recoverMs)}`;
  const mark = score.right
    ? paint("green", "right")
    : paint("red", `WRONG: ${score.wrong.join("; ")}`);
  return `     ${mark} · ${times} · ${lost}`;
}

export function scoreTable(scores: readonly Score[]): string {
  const rows = [
    [
      "sickness",
      "diagnosis",
      "done",
      "detected",
      "well after",
      "lost GET",
      "lost POST",
      "verdict",
    ].map((text) => paint("dim", text)),
    ...scores.map((score) => [
      score.name,
      score.diagnosis,
      [...new Set(score.actions)].join(", "),
      seconds(score.detectMs),
      seconds(score.recoverMs),
      `${score.lostIdempotent}`,
      `${score.lostUnsafe} of ${score.requests} all`,
      score.right ? paint("green", "right") : paint("red", "wrong"),
    ]),
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => width(row[i] ?? "")))) ?? [];
  const pad = (cell: string, i: number): string =>
    cell + " ".repeat((widths[i] ?? 0) - width(cell));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
