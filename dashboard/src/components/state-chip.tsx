// The state of an incident as shape, word and colour.
import type { JSX } from "preact";
import type { IncidentState } from "../../../src/model/incident.ts";
import { incidentLook } from "../words.ts";
import { Shape } from "./shape.tsx";

export function StateChip(props: { state: IncidentState }): JSX.Element {
  const look = incidentLook[props.state];
  return (
    <span class={`chip tone-${look.tone}`}>
      <Shape name={look.shape} />
      {look.word}
    </span>
  );
}
