// Notifier: PagerDuty, by its Events API v2; the end of an incident resolves what was triggered.
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import { unsaid } from "../kernel/unsaid.ts";
import { keepNewest } from "./keep-newest.ts";
import type { Notice, Notifier } from "./notifier.ts";
import { cut, type Fetch, post } from "./post.ts";

export type Severity = "critical" | "error" | "warning" | "info";

export interface PagerDutyOptions {
  readonly name: string;
  /** Of the integration "Events API v2": 32 characters. */
  readonly routingKey: string;
  /** `https://events.pagerduty.com`, `https://events.eu.pagerduty.com`. */
  readonly url: string;
  /** Of what is urgent; the rest is "info". */
  readonly severity: Severity;
  /** Whose incidents these are, "shop@host": numbers of incidents are unique within it. */
  readonly source: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch?: Fetch;
}

/** An event may have 512 KB; a person reads less. */
const factMax = 20_000;

/** developer.pagerduty.com/docs/events-api-v2: 202 is success; 429, 5xx and silence are tried again. */
export function pagerdutyNotifier(options: PagerDutyOptions): Notifier {
  const { name, routingKey, clock, random, fetch = globalThis.fetch } = options;
  const url = `${options.url.replace(/\/+$/, "")}/v2/enqueue`;
  const wire = { fetch, clock, unsaid: unsaid([routingKey]) };
  return {
    name,
    send: keepNewest({
      ...{ what: name, clock, random },
      attempt: (notice, signal) => {
        const body = JSON.stringify(
          notice.over ? resolve(options, notice) : trigger(options, notice),
        );
        return post(wire, url, body, { signal });
      },
    }),
  };
}

function trigger(options: PagerDutyOptions, notice: Notice): Readonly<Record<string, unknown>> {
  const { source, severity } = options;
  const { title, text, urgent, link, facts = { text } } = notice;
  const details = Object.entries(facts).map(([key, fact]) => [key, cut(fact, factMax)]);
  return {
    ...key(options, notice, "trigger"),
    payload: {
      // An empty one is refused.
      summary: cut(title.trim() || `incident ${notice.incident}`, 1_024),
      source,
      severity: urgent ? severity : "info",
      ...(facts.service === undefined ? {} : { component: cut(facts.service, 255) }),
      custom_details: Object.fromEntries(details),
    },
    client: "Homeostat",
    ...(link === undefined
      ? {}
      : { client_url: link, links: [{ href: link, text: "the incident in Homeostat" }] }),
  };
}

function resolve(options: PagerDutyOptions, notice: Notice): Readonly<Record<string, unknown>> {
  return key(options, notice, "resolve");
}

/** The same key again changes the incident there and makes no second one, also after a crash. */
function key(
  { routingKey, source }: PagerDutyOptions,
  { incident }: Notice,
  action: "trigger" | "resolve",
): Readonly<Record<string, string>> {
  const dedup = `homeostat/${source.slice(0, 200)}/${incident}`.slice(0, 255);
  return { routing_key: routingKey, event_action: action, dedup_key: dedup };
}
