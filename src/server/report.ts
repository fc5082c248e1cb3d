// An incident as Markdown: the report that nobody has to write.
import { formatDuration } from "../kernel/duration.ts";
import type { IncidentDetail } from "../protocol/api.ts";

export function report(detail: IncidentDetail, project: string): string {
  const { id, title, state, openedAt, endedAt, detectMs, durationMs, incident } = detail;
  const head = [
    `# Incident ${id} of ${project}: ${title}`,
    "",
    `- State: ${state}`,
    `- Opened: ${openedAt}; ended: ${endedAt ?? "not yet"}`,
    `- Detected ${formatDuration(detectMs)} after the first sign; lasted ${formatDuration(durationMs)}`,
    `- Cause: ${incident.diagnosis ? incident.diagnosis.text : "not known"}`,
    `- Actions: ${incident.actions.length}; refusals and waits: ${incident.refusals.length}`,
    ...(incident.ending ? [`- End: ${incident.ending.text}`] : []),
    "",
    "## Timeline",
    "",
  ];
  const entries = detail.timeline.flatMap((entry) => {
    const why = entry.why ? ` — ${entry.why.rule}: ${entry.why.text}` : "";
    const own = why.includes(entry.text) ? "" : why;
    const line = `- **+${formatDuration(entry.sinceMs)}** ${entry.lane}: ${entry.text}${own}`;
    const lines = (entry.lines ?? []).map((other) => `      ${other}`);
    return lines.length === 0 ? [line] : [line, "", ...lines, ""];
  });
  return `${[...head, ...entries].join("\n")}\n`;
}
