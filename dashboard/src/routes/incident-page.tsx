// One incident: what it was, whether a person is needed, and the whole story with its reasons.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { IncidentDetail } from "../../../src/protocol/api.ts";
import { adviceFor } from "../advice.ts";
import { CopyReport } from "../components/copy-report.tsx";
import { Shape } from "../components/shape.tsx";
import { StateChip } from "../components/state-chip.tsx";
import { Timeline } from "../components/timeline.tsx";
import { dateAndTime, duration, plural, roughly } from "../format.ts";
import { ageMs, isOpen, state } from "../store.ts";
import { nowHref } from "./router.ts";
import { useIncident } from "./use-incident.ts";

function Facts(props: { detail: IncidentDetail }): JSX.Element {
  const { detail } = props;
  const open = isOpen(detail);
  const latest = state.value?.incidents.find((one) => one.id === detail.id) ?? detail;
  const done = detail.incident.actions.filter((one) => one.state === "done").length;
  const refused = detail.incident.refusals.length;
  const facts: readonly (readonly [string, string])[] = [
    ["Service", detail.service],
    ["Opened", dateAndTime(detail.openedAt)],
    ["Noticed after", duration(detail.detectMs)],
    [
      open ? "Lasts for" : "Over after",
      open ? roughly(latest.durationMs + ageMs.value) : duration(detail.durationMs),
    ],
    ["Actions", `${plural(done, "action")} done${refused === 0 ? "" : `, ${refused} held back`}`],
  ];
  return (
    <dl class="incident-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Advice(props: { detail: IncidentDetail }): JSX.Element {
  const { paused, approvals = [] } = state.value ?? {};
  const now = paused === undefined ? { approvals } : { paused, approvals };
  const advice = adviceFor(props.detail, now);
  return (
    <div class={`advice ${advice.needed ? "is-needed" : ""}`}>
      <Shape name={advice.needed ? "triangle" : "check"} tone={advice.needed ? "warn" : "ok"} />
      <p>
        <strong>{advice.text}</strong> {advice.because}
      </p>
    </div>
  );
}

function Missing(props: { message: string; hint: string }): JSX.Element {
  return (
    <div class="empty" role="alert">
      <p>
        <strong>{props.message}</strong>
      </p>
      {props.hint === "" ? null : <p>{props.hint}</p>}
    </div>
  );
}

export function IncidentPage(props: { id: string }): JSX.Element {
  const { detail, error } = useIncident(props.id);
  const title = useRef<HTMLHeadingElement>(null);
  const loaded = detail.value;
  // Focus moves once per incident.
  useEffect(() => title.current?.focus({ preventScroll: true }), [loaded?.id]);
  return (
    <article class="incident-page">
      <nav class="incident-nav">
        <a href={nowHref}>← All incidents</a>
        {loaded === undefined ? null : <CopyReport id={loaded.id} />}
      </nav>
      {error.value === undefined ? null : (
        <Missing message={error.value.message} hint={error.value.hint} />
      )}
      {loaded === undefined ? null : (
        <>
          <header>
            <p class="incident-kicker">
              <StateChip state={loaded.state} />
              <span class="quiet">Incident {loaded.id}</span>
            </p>
            <h1 class="incident-heading" ref={title} tabIndex={-1}>
              {loaded.title}
            </h1>
            <Advice detail={loaded} />
          </header>
          <Facts detail={loaded} />
          <section aria-label="Timeline, times since the first sign">
            <Timeline timeline={loaded.timeline} incident={loaded.incident} />
          </section>
        </>
      )}
    </article>
  );
}
