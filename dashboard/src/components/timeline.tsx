// The story of an incident, one entry per event: what was seen, thought, allowed, done, proven.
import type { JSX } from "preact";
import type { Incident } from "../../../src/model/incident.ts";
import type { TimelineEntry } from "../../../src/protocol/api.ts";
import { type Decision, decisionOf } from "../decision.ts";
import { figure, sinceFirst, timeOfDay } from "../format.ts";
import type { ShapeName } from "../words.ts";
import { EvidenceLines } from "./evidence-lines.tsx";
import { Shape } from "./shape.tsx";

const laneShape: Readonly<Record<TimelineEntry["lane"], ShapeName>> = {
  symptom: "triangle",
  evidence: "lines",
  diagnosis: "diamond",
  plan: "hollow",
  guard: "shield",
  action: "play",
  verify: "ring",
  end: "check",
};

const decisionLook: Readonly<Record<Decision, readonly [shape: ShapeName, word?: string]>> = {
  refused: ["cross", "refused"],
  waits: ["pause", "waits"],
  asks: ["triangle", "asks"],
  failed: ["cross", "failed"],
  escalated: ["triangle", "needs you"],
  cleared: ["check"],
};

function Why(props: { why: NonNullable<TimelineEntry["why"]>; text: string }): JSX.Element {
  const { rule, text, value, limit, unit } = props.why;
  return (
    <p class="why">
      <code>{rule}</code> <b>{figure(value, unit)}</b> against {figure(limit, unit)}
      {props.text.includes(text) ? null : <span class="why-text"> · {text}</span>}
    </p>
  );
}

function Lines(props: { entry: TimelineEntry }): JSX.Element | null {
  const { lane, lines } = props.entry;
  if (lines === undefined || lines.length === 0) return null;
  if (lane === "evidence" || lane === "symptom") return <EvidenceLines lines={lines} />;
  return (
    <ul class="steps">
      {lines.map((line, index) => (
        <li key={`${index} ${line}`}>{line}</li>
      ))}
    </ul>
  );
}

function Entry(props: { entry: TimelineEntry; incident: Incident }): JSX.Element {
  const { entry, incident } = props;
  const decision = decisionOf(entry, incident);
  const [shape, word] = decision === undefined ? [] : decisionLook[decision];
  return (
    <li class={`entry lane-${entry.lane} is-${decision} ${word === undefined ? "" : "stands-out"}`}>
      <time class="entry-time" dateTime={entry.time} title={timeOfDay(entry.time)}>
        {sinceFirst(entry.sinceMs)}
      </time>
      <span class="entry-node">
        <Shape name={shape ?? laneShape[entry.lane]} />
      </span>
      <p class="entry-lane">
        <span>{entry.lane}</span>
        {word === undefined ? null : <b>{word}</b>}
      </p>
      <div class="entry-body">
        <p class="entry-text">{entry.text}</p>
        {entry.why === undefined ? null : <Why why={entry.why} text={entry.text} />}
        <Lines entry={entry} />
      </div>
    </li>
  );
}

export function Timeline(props: {
  timeline: readonly TimelineEntry[];
  incident: Incident;
}): JSX.Element {
  return (
    <ol>
      {props.timeline.map((entry) => (
        <Entry key={entry.seq} entry={entry} incident={props.incident} />
      ))}
    </ol>
  );
}
