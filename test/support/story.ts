// A shop on paper: events and ticks go through the pure step, and what it decides is kept.
import { createStep, emptyMind, type Mind } from "../../src/controller/step.ts";
import type { ActionKind, Intent } from "../../src/model/action.ts";
import type { Event, EventType, InputDraft } from "../../src/model/event.ts";
import type { Incident } from "../../src/model/incident.ts";
import { type Metric, metrics, type Reading, reading } from "../../src/model/reading.ts";
import { traits } from "../../src/wiring/actions.ts";
import type { Config } from "../../src/wiring/config.ts";
import { detectorRules } from "../../src/wiring/kinds.ts";
import { resolve } from "../../src/wiring/resolve.ts";

export interface Story {
  readonly mind: Mind;
  readonly events: readonly Event[];
  nowMs: number;
  emit(draft: InputDraft): void;
  /** Seconds pass, in ticks of 250 ms; every ready instance answers its probe unless told sick. */
  pass(seconds: number): void;
  /** From now on the probe of the instance answers with this note, or well again without one. */
  sick(target: string, note?: string): void;
  /** From now on the metric of the target has this value in every tick. */
  measure(target: string, metric: Metric, value: number | undefined): void;
  exit(target: string, code: number | null, signal?: string | null): void;
  start(target: string): void;
  ready(target: string): void;
  /** Does what the last intent asks, at once and with success; which intent that was. */
  perform(): Intent;
  /** What was intended so far: "restart web/1". */
  done(): readonly string[];
  of(type: EventType): readonly Event[];
  incident(id?: string): Incident;
}

const identity = (pid: number) => ({ pid, startTicks: pid, bootId: "boot" });

export function story(config: Config): Story {
  const step = createStep({ rulesFor: detectorRules(), traits });
  const { policy } = resolve(config, { folder: "/shop", file: "homeostat.config.ts" });
  const events: Event[] = [];
  const sick = new Map<string, string>();
  const values = new Map<string, { target: string; metric: Metric; value: number }>();
  let mind = emptyMind;
  let pid = 100;

  const self: Story = {
    nowMs: 1_000_000,
    events,
    get mind() {
      return mind;
    },
    emit: (draft) => {
      const stepped = step(mind, { kind: "event", draft, atMs: self.nowMs });
      mind = stepped.mind;
      events.push(...stepped.events);
    },
    pass: (seconds) => {
      for (let i = 0; i < seconds * 4; i++) {
        self.nowMs += 250;
        const readings = readingsNow();
        const stepped = step(mind, { kind: "tick", readings, atMs: self.nowMs });
        mind = stepped.mind;
        events.push(...stepped.events);
      }
    },
    sick: (target, note) => {
      if (note === undefined) sick.delete(target);
      else sick.set(target, note);
    },
    measure: (target, metric, value) => {
      const key = `${target} ${metric.name}`;
      if (value === undefined) values.delete(key);
      else values.set(key, { target, metric, value });
    },
    exit: (target, code, signal = null) => {
      const { startedAtMs } = mind.state.instances[target] ?? { startedAtMs: self.nowMs };
      const uptimeMs = self.nowMs - startedAtMs;
      const text = signal ? `killed by ${signal}` : `exit code ${code}`;
      const data = { code, signal, expected: code === 0, uptimeMs, text, lastLines: [] };
      self.emit({ type: "instance.exited", subject: target, data });
    },
    start: (target) => {
      pid += 1;
      sick.delete(target);
      const data = { identity: identity(pid), port: pid, run: `run${pid}`, by: "story" };
      self.emit({ type: "instance.started", subject: target, data });
    },
    ready: (target) => {
      self.emit({ type: "instance.ready", subject: target, data: { tookMs: 100 } });
    },
    perform: () => {
      const last = self.of("action.intended").at(-1);
      if (last?.type !== "action.intended") throw new Error("nothing is intended");
      perform(self, last.data);
      return last.data;
    },
    done: () =>
      events.flatMap((it) =>
        it.type === "action.intended" ? [`${it.data.kind} ${it.data.target}`] : [],
      ),
    of: (type) => events.filter((event) => event.type === type),
    incident: (id = "1") => {
      const found = mind.state.incidents[id];
      if (!found) throw new Error(`no incident ${id}`);
      return found;
    },
  };

  const readingsNow = (): readonly Reading[] => {
    const ready = Object.values(mind.state.instances).filter((it) => it.state === "ready");
    const probes = ready.map(({ target }) => {
      const note = sick.get(target);
      return reading(target, metrics.probe, note === undefined ? 1 : 0, self.nowMs, note);
    });
    const more = [...values.values()].map((it) =>
      reading(it.target, it.metric, it.value, self.nowMs),
    );
    return [...probes, ...more];
  };

  const data = { pid: 1, bootId: "boot", version: "0", offsetMs: 0 };
  self.emit({ type: "daemon.started", subject: policy.project, data });
  self.emit({ type: "config.applied", subject: policy.project, data: { policy } });
  for (const { name, replicas } of Object.values(policy.services)) {
    for (let i = 1; i <= replicas; i++) {
      self.start(`${name}/${i}`);
      self.ready(`${name}/${i}`);
    }
  }
  self.pass(30);
  return self;
}

const takesAway: ReadonlySet<ActionKind> = new Set<ActionKind>(["restart"]);

function perform(story: Story, { id, incident, kind, target }: Intent): void {
  const place = { subject: target, incident };
  story.emit({ type: "action.started", ...place, data: { action: id } });
  if (takesAway.has(kind)) {
    story.emit({ type: "instance.stopping", subject: target, data: { by: id } });
    story.exit(target, 0);
  }
  if (kind === "start" || takesAway.has(kind)) story.start(target);
  const receipt = { action: id, steps: [] };
  story.emit({ type: "action.done", ...place, data: { action: id, receipt } });
}
