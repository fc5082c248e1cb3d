// One service: its health in a word and a shape, its figures, and its instances.
import type { JSX } from "preact";
import type { ServiceView } from "../../../src/protocol/api.ts";
import { badErrors, figuresOf } from "../figures.ts";
import { duration, number, percent } from "../format.ts";
import { serviceLook } from "../words.ts";
import { Instance } from "./instance.tsx";
import { RestartButton } from "./restart-button.tsx";
import { Shape } from "./shape.tsx";

function Figure(props: { value: string; label: string; tone?: string }): JSX.Element {
  return (
    <div>
      <dt>{props.label}</dt>
      <dd class={props.tone ?? ""}>{props.value}</dd>
    </div>
  );
}

/** Of what runs elsewhere, by a schedule or not at all there is nothing to count. */
function isServing({ external, job, stopped }: ServiceView): boolean {
  return !external && !job && !stopped;
}

function Figures({ service }: { service: ServiceView }): JSX.Element {
  const now = figuresOf([service]);
  const none = "–";
  return (
    <dl class="figures">
      <Figure
        label="ready"
        value={`${now.ready}/${now.replicas}`}
        {...(now.ready < now.replicas ? { tone: "tone-warn" } : {})}
      />
      <Figure label="req/s" value={now.requests === undefined ? none : number(now.requests)} />
      <Figure label="p95" value={now.p95 === undefined ? none : duration(now.p95)} />
      <Figure
        label="errors"
        value={now.errors === undefined ? none : percent(now.errors)}
        {...((now.errors ?? 0) > badErrors ? { tone: "tone-bad" } : {})}
      />
    </dl>
  );
}

function WithoutInstances({ service }: { service: ServiceView }): JSX.Element {
  if (service.external) return <p class="note">It runs elsewhere: watched, never restarted.</p>;
  return (
    <p class="note">
      No instance is running. <RestartButton service={service} />
    </p>
  );
}

export function Service(props: { service: ServiceView }): JSX.Element {
  const { service } = props;
  const look = serviceLook[service.health];
  return (
    <article class="service" aria-label={`${service.name}: ${look.word}`}>
      <header class="service-head">
        <h3>
          <Shape name={look.shape} tone={look.tone} />
          {service.name}
          <span class={`word tone-${look.tone}`}>{look.word}</span>
        </h3>
        {isServing(service) ? <Figures service={service} /> : null}
      </header>
      {service.note === undefined ? null : <p class="note">{service.note}</p>}
      {service.instances.map((instance) => (
        <Instance key={instance.target} instance={instance} service={service} />
      ))}
      {service.instances.length === 0 ? <WithoutInstances service={service} /> : null}
    </article>
  );
}
