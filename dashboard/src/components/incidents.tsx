// The list of incidents, open ones first: what it was, what was done, whether it helped.
import type { JSX } from "preact";
import type { IncidentView } from "../../../src/protocol/api.ts";
import { duration, roughly } from "../format.ts";
import { incidentHref } from "../routes/router.ts";
import { ageMs, daemonNow, isOpen, state } from "../store.ts";
import { StateChip } from "./state-chip.tsx";

function actionsOf(incident: IncidentView): string {
  const last = incident.actions.at(-1);
  if (last === undefined) return "no action";
  const more = incident.actions.length > 1 ? `, ${incident.actions.length} actions` : "";
  const state = last.state === "done" ? "" : ` (${last.state})`;
  return `${last.kind} ${last.target}${state}${more}`;
}

function Row(props: { incident: IncidentView }): JSX.Element {
  const { incident } = props;
  const open = isOpen(incident);
  const agoMs = daemonNow.value - Date.parse(incident.openedAt);
  return (
    <li>
      <a
        class={`incident ${open ? "is-open" : ""}`}
        href={incidentHref(incident.id)}
        data-incident={incident.id}
      >
        <span class="incident-top">
          <StateChip state={incident.state} />
          <span class="quiet">
            #{incident.id} · {roughly(agoMs)} ago
          </span>
        </span>
        <span class="incident-title">{incident.title}</span>
        <span class="quiet">
          {actionsOf(incident)} · {open ? "for" : "over in"}{" "}
          {open ? roughly(incident.durationMs + ageMs.value) : duration(incident.durationMs)}
        </span>
      </a>
    </li>
  );
}

export function Incidents(): JSX.Element {
  const incidents = state.value?.incidents ?? [];
  return (
    <section aria-labelledby="incidents-title">
      <h2 id="incidents-title" class="section-title">
        Incidents
        {incidents.length === 0 ? null : (
          <span class="quiet section-note wide-only">
            <kbd>j</kbd> <kbd>k</kbd> <kbd>Enter</kbd>
          </span>
        )}
      </h2>
      {incidents.length === 0 ? (
        <p class="empty">Nothing has needed healing in this journal.</p>
      ) : (
        <ol class="incidents">
          {incidents.map((incident) => (
            <Row key={incident.id} incident={incident} />
          ))}
        </ol>
      )}
    </section>
  );
}
