// What stands around a reporter to the outside in a test: a log that is kept, and a server of scripted answers.
import { createLog, type Entry, type Log } from "../../src/kernel/log.ts";
import type { Fetch } from "../../src/runtime/outside/send.ts";
import type { Told } from "../../src/runtime/parts/bus.ts";
import type { Counter, Gauge, Metrics } from "../../src/runtime/parts/metrics.ts";

export interface Request {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** A status, an answer, or what the network throws; a function is asked for each request. */
export type Scripted =
  | number
  | Response
  | Error
  | ((request: Request) => Response | Promise<Response>);

export interface ScriptedFetch {
  readonly fetch: Fetch;
  readonly requests: Request[];
  /** What comes next; the last answer is given from then on. */
  answers: Scripted[];
}

export function scriptedFetch(...answers: Scripted[]): ScriptedFetch {
  const requests: Request[] = [];
  const it: ScriptedFetch = {
    requests,
    answers,
    fetch: async (address, init) => {
      const { method = "GET", headers, body } = init;
      const bytes = Buffer.from(await new Response(body ?? null).arrayBuffer());
      const request = { url: new URL(address), method, headers: new Headers(headers), body: bytes };
      requests.push(request);
      const next = (it.answers.length > 1 ? it.answers.shift() : it.answers[0]) ?? 200;
      if (next instanceof Error) throw next;
      if (typeof next === "function") return next(request);
      // A body is read once: the next request gets a copy.
      return typeof next === "number" ? new Response(null, { status: next }) : next.clone();
    },
  };
  return it;
}

export interface KeptLog {
  readonly log: Log;
  readonly entries: Entry[];
  said(level: Entry["level"]): readonly string[];
}

export function keptLog(): KeptLog {
  const entries: Entry[] = [];
  const log = createLog({ level: "debug", wall: () => 0, write: (entry) => entries.push(entry) });
  const said = (level: Entry["level"]): readonly string[] =>
    entries.filter((entry) => entry.level === level).map(({ message }) => message);
  return { log, entries, said };
}

export function keptBus(): { told: Told[]; publish: (event: Told) => never } {
  const told: Told[] = [];
  return { told, publish: (event) => void told.push(event) as never };
}

/** Counters and gauges that a test reads by name. */
export function keptMetrics(): {
  metrics: Pick<Metrics, "counter" | "gauge">;
  value(name: string): number;
} {
  const values = new Map<string, () => number>();
  const counter = (name: string): Counter => {
    let sum = 0;
    values.set(name, () => sum);
    const add = (by = 1): void => {
      sum += by;
    };
    const made: Counter = { add, with: () => made };
    return made;
  };
  const gauge: Metrics["gauge"] = (name, { read = () => 0 }): Gauge => {
    values.set(name, read);
    const made: Gauge = { set: () => {}, add: () => {}, with: () => made };
    return made;
  };
  return { metrics: { counter, gauge }, value: (name) => values.get(name)?.() ?? Number.NaN };
}
