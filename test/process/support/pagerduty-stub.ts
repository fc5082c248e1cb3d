// PagerDuty's Events API v2 as it is documented: validates, keeps incidents by their dedup_key.
// Proved by hand with @pagerduty/pdjs 2.2.4, the official client: trigger, acknowledge, resolve, 400.
import { type Answer, type Heard, type Stub, stub } from "./outside-stubs.ts";

export interface PagerDutyStub extends Stub {
  /** What came of each dedup_key, in order. */
  readonly incidents: ReadonlyMap<string, readonly PagerDutyEvent[]>;
  /** All events, in the order in which they were taken. */
  readonly events: readonly PagerDutyEvent[];
}

export interface PagerDutyEvent {
  readonly event_action: "trigger" | "acknowledge" | "resolve";
  readonly dedup_key: string;
  readonly payload?: {
    readonly summary: string;
    readonly severity: string;
    readonly custom_details?: Readonly<Record<string, string>>;
  };
  readonly links?: readonly { readonly href: string }[];
}

type Part = Readonly<Partial<Record<string, unknown>>>;

export async function pagerdutyStub(routingKey: string): Promise<PagerDutyStub> {
  const incidents = new Map<string, PagerDutyEvent[]>();
  const events: PagerDutyEvent[] = [];
  let keys = 0;
  const made = await stub((heard): Answer => {
    const { method, url, body } = heard;
    if (method !== "POST" || url.pathname !== "/v2/enqueue") return { status: 404 };
    const event = part(parse(body));
    const errors = faults(event, routingKey);
    if (errors.length > 0)
      return json(400, { status: "invalid event", message: "Event object is invalid", errors });
    const dedup = typeof event.dedup_key === "string" ? event.dedup_key : `made-${++keys}`;
    const taken = { ...event, dedup_key: dedup } as unknown as PagerDutyEvent;
    events.push(taken);
    incidents.set(dedup, [...(incidents.get(dedup) ?? []), taken]);
    return json(202, { status: "success", message: "Event processed", dedup_key: dedup });
  });
  return Object.assign(made, { incidents, events });
}

function faults(event: Part, routingKey: string): readonly string[] {
  const { routing_key, event_action, dedup_key, payload, links = [] } = event;
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  must(routing_key === routingKey, "'routing_key' is missing or invalid");
  must(/^(trigger|acknowledge|resolve)$/.test(String(event_action)), "'event_action' is invalid");
  const isKey = typeof dedup_key === "string" && dedup_key.length > 0 && dedup_key.length <= 255;
  must(isKey || (dedup_key === undefined && event_action === "trigger"), "'dedup_key' is invalid");
  if (event_action !== "trigger") return wrong;
  const { summary, source, severity, custom_details } = part(payload);
  const isSummary = typeof summary === "string" && summary.length > 0 && summary.length <= 1_024;
  must(isSummary, "'payload.summary' is missing or blank");
  must(typeof source === "string" && source !== "", "'payload.source' is missing or blank");
  must(/^(critical|error|warning|info)$/.test(String(severity)), "'payload.severity' is invalid");
  must(custom_details === undefined || typeof custom_details === "object", "'custom_details'");
  const isLink = (it: unknown): boolean => /^https?:\/\//.test(String(part(it).href));
  must(Array.isArray(links) && links.every(isLink), "'links' is invalid");
  return wrong;
}

function part(value: unknown): Part {
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

function parse(body: Heard["body"]): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // every check of it fails
  }
}

function json(status: number, value: unknown): Answer {
  const headers = { "content-type": "application/json" };
  return { status, text: JSON.stringify(value), headers };
}
