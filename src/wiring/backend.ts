// What the API asks of the daemon, answered from the loop, the store and the recent past.
import type { Loop } from "../controller/loop.ts";
import { instancesOf } from "../controller/state.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { type CloudEvent, toCloudEvent } from "../model/cloudevent.ts";
import { gatewayTarget, type Target } from "../model/target.ts";
import type { IncidentDetail } from "../protocol/api.ts";
import type { SourceView } from "../protocol/sources.ts";
import type { Backend } from "../server/api.ts";
import type { DrillsBackend } from "../server/drills.ts";
import type { History } from "../server/history.ts";
import type { Stream } from "../server/stream.ts";
import { concerns, timeline } from "../server/timeline.ts";
import { incidentView, stateView } from "../server/views.ts";
import type { Store } from "../stores/store.ts";
import type { Supervisor } from "../supervisor/spec.ts";
import type { Apps } from "./apps.ts";
import type { Channels } from "./channels.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { Operator } from "./operator.ts";
import type { Resolved } from "./resolve.ts";
import type { NotifyDesk } from "./sd-notify.ts";

export interface BackendParts {
  readonly loop: Loop;
  readonly store: Store;
  readonly history: History;
  readonly operator: Operator;
  readonly drills: DrillsBackend;
  readonly channels: Channels;
  readonly apps: Apps;
  readonly resolved: Resolved;
  readonly version: string;
  readonly nextRuns: Supervisor["nextRuns"];
  readonly gateway: Pick<GatewayProcess, "renew">;
  readonly notify: Pick<NotifyDesk, "says">;
  readonly logFile: (target: Target) => string;
  readonly lastLines: (file: string, count: number) => readonly string[];
  readonly pss: Backend["pss"];
  readonly sources: () => readonly SourceView[];
  readonly down: (by: string) => void;
  readonly upgrade: (by: string, nonce: string) => void;
}

export interface RunningBackend {
  readonly api: Backend;
  /** How many orders are being carried out. */
  orders(): number;
  /** Once a second: tells the streams that the state has a new beat. */
  beat(): void;
}

/** Nothing is done that is not written down first. */
const stuckVerdict = {
  text: "The disk is full: nothing is healed until there is room for the journal. It needs you.",
  tone: "attention" as const,
};

export function createBackend(parts: BackendParts): RunningBackend {
  const { loop, store, history, operator, apps, resolved, version } = parts;
  const { stream, beat } = createStream(parts);
  const ports = Object.fromEntries(
    Object.values(resolved.services).flatMap(({ name, port }) =>
      port === undefined ? [] : [[name, port] as const],
    ),
  );
  let orders = 0;
  const ordered = <T>(work: Promise<T>): Promise<T> => {
    orders += 1;
    return work.finally(() => {
      orders -= 1;
    });
  };
  const api: Backend = {
    state: () => {
      const nextRuns = parts.nextRuns();
      const nowMs = loop.clock.now();
      const { says } = parts.notify;
      const undelivered = parts.channels.undelivered();
      const sources = parts.sources();
      return {
        ...stateView({ mind: loop.mind, history, nowMs, version, ports, nextRuns, says }),
        ...(undelivered.length === 0 ? {} : { undelivered }),
        ...(sources.length === 0 ? {} : { sources }),
        ...(loop.stuck === undefined ? {} : { verdict: stuckVerdict }),
      };
    },
    incident: (id) => detail(loop, store, id),
    series: (target, metric, seconds) => {
      const fromMs = loop.clock.now() - seconds * 1_000;
      return history.series(target, metric, fromMs, loop.mind.state.offsetMs);
    },
    logs: (service, lines) => logs(parts, service, lines),
    pause: operator.pause,
    resume: operator.resume,
    decide: operator.decide,
    restart: (name, by) =>
      ordered(
        stepped((step) =>
          name === gatewayTarget ? parts.gateway.renew() : operator.restart(name, by, step),
        ),
      ),
    stop: (name, by) => ordered(stepped((step) => operator.stop(name, by, step))),
    start: (name, by) => ordered(stepped((step) => operator.start(name, by, step))),
    scale: (name, count, by) => ordered(stepped((step) => operator.scale(name, count, by, step))),
    run: operator.run,
    pss: parts.pss,
    apps: apps.view,
    order: (target, order, by) => ordered(apps.order(target, order, by)),
    down: parts.down,
    upgrade: parts.upgrade,
    stream,
    drills: parts.drills,
    channels: parts.channels,
  };
  return { api, beat, orders: () => orders };
}

async function stepped(
  work: (step: (text: string, tookMs: number) => void) => Promise<void>,
): Promise<readonly string[]> {
  const steps: string[] = [];
  await work((text, ms) => steps.push(ms === 0 ? text : `${text} (${Math.round(ms)} ms)`));
  return steps;
}

function createStream({ loop, store }: BackendParts): { stream: Stream; beat: () => void } {
  type Listener = Parameters<Stream["subscribe"]>[0];
  const listeners = new Set<Listener>();
  const project = (): string => loop.mind.state.policy.project;
  loop.subscribe((events) => {
    for (const listener of listeners) {
      for (const event of events) listener({ journal: toCloudEvent(event, project()) });
      listener("state");
    }
  });
  const stream: Stream = {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since: function* (seq: number): Iterable<CloudEvent> {
      for (const event of store.read(seq)) yield toCloudEvent(event, project());
    },
  };
  const beat = (): void => {
    for (const listener of listeners) listener("state");
  };
  return { stream, beat };
}

function detail(loop: Loop, store: Store, id: string): IncidentDetail {
  const { state } = loop.mind;
  const incident = Object.hasOwn(state.incidents, id) ? state.incidents[id] : undefined;
  if (!incident) {
    const last =
      state.lastIncident === 0 ? "there is none yet" : `the last is ${state.lastIncident}`;
    const message = `there is no incident ${id}; ${last}`;
    throw new HomeostatError("UNKNOWN_ID", message);
  }
  const events = [...store.read()].filter((event) => concerns(incident, event));
  return {
    ...incidentView(state, incident, loop.clock.now()),
    incident,
    timeline: timeline(incident, events),
  };
}

function logs(
  { loop, logFile, lastLines }: BackendParts,
  service: string,
  lines: number,
): readonly { readonly instance: string; readonly text: string }[] {
  const { services } = loop.mind.state.policy;
  const policy = Object.hasOwn(services, service) ? services[service] : undefined;
  if (!policy) throw new HomeostatError("UNKNOWN_ID", `there is no service ${service}`);
  return instancesOf(policy).flatMap((instance) =>
    lastLines(logFile(instance), lines).map((text) => ({ instance, text })),
  );
}
