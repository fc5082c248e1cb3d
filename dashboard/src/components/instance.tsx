// One instance: its last minute as beats, its use of the machine, and its panel when opened.
import type { JSX } from "preact";
import type { InstanceView, ServiceView } from "../../../src/protocol/api.ts";
import { bytes, percent } from "../format.ts";
import { instanceHref, nowHref, route } from "../routes/router.ts";
import { instanceLook } from "../words.ts";
import { Beats } from "./beats.tsx";
import { InstancePanel } from "./instance-panel.tsx";
import { Shape } from "./shape.tsx";

export function Instance(props: { instance: InstanceView; service: ServiceView }): JSX.Element {
  const { instance, service } = props;
  const look = instanceLook(instance, service);
  const at = route.value;
  const opened = at.page === "instance" && at.target === instance.target;
  const cpu = instance.latest["process.cpu"];
  const rss = instance.latest["process.rss"];
  return (
    <div class={`instance ${opened ? "is-opened" : ""}`}>
      <div class="instance-row">
        <a
          class="instance-name"
          href={opened ? nowHref : instanceHref(instance.target)}
          aria-expanded={opened}
        >
          <Shape name={look.shape} tone={look.tone} />
          {instance.target}
          <span class={look.word === "healthy" ? "sr-only" : `word tone-${look.tone}`}>
            {look.word}
          </span>
        </a>
        <Beats instance={instance} />
        <p class="instance-figures">
          <span title="CPU, share of one core">{cpu === undefined ? "–" : percent(cpu)}</span>
          <span title="memory (RSS)">{rss === undefined ? "–" : bytes(rss)}</span>
          <svg viewBox="0 0 16 16" class="chevron" aria-hidden="true">
            <path d="m6 4 4 4-4 4" fill="none" stroke="currentColor" stroke-width="1.8" />
          </svg>
        </p>
      </div>
      {instance.note === undefined ||
      (look.word === "healthy" && instance.note !== "spare") ? null : (
        <p class="note">{instance.note}</p>
      )}
      {opened ? <InstancePanel instance={instance} service={service} /> : null}
    </div>
  );
}
