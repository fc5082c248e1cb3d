// Writes the config of HAProxy for routes: what changes it alone can be set while it runs, or not.
import { createHash } from "node:crypto";
import { latencyBucketsMs, type Route, type Upstream } from "../../protocol/gateway.ts";
import { backOf, frontOf, holdServer, quotedText, serverOf } from "./names.ts";

export interface ConfigText {
  readonly text: string;
  /** Of everything but the servers: with the same one HAProxy need not read the config again. */
  readonly mark: string;
}

/** Beside the config; relative to the folder that HAProxy runs in. */
export interface Places {
  readonly lua: string;
  readonly buckets: string;
  /** The Unix socket on which requests of a service come back that found no instance. */
  readonly hold: (service: string) => string;
}

/** Times in HAProxy end in a unit; 0 would be "for ever". */
const ms = (time: number): string => `${Math.max(1, Math.ceil(time))}ms`;

const jsonType = "content-type application/json";
const json = (error: string): string => quotedText(JSON.stringify({ error }));

/** Methods that may be asked twice. Source: RFC 9110 section 9.2.2. */
const repeatable = "GET HEAD PUT DELETE OPTIONS TRACE";

const head = `defaults
  mode http
  option redispatch 1
  option idle-close-on-response
  option http-no-delay
  option allbackups
  retries 3
  retry-on conn-failure empty-response
  http-reuse safe
  balance leastconn
  timeout connect 250ms
  timeout client 1h
  timeout http-request 15s
  timeout http-keep-alive 65s
  timeout tunnel 24h
  http-error status 502 ${jsonType} string ${json("the instance gave no valid answer")}
  http-error status 503 ${jsonType} string ${json("no instance is ready")} hdr retry-after 1
  http-error status 504 ${jsonType} string ${json("the instance gave no answer in time")}

backend t-answers
  stick-table type string len 160 size 1m store gpc0
backend t-routes
  stick-table type string len 64 size 10k store gpc0
`;

export function configText(routes: readonly Route[], places: Places): ConfigText {
  const fixed = routes.map((route) => [route, front(route, places), back(route, places)] as const);
  const whole = (mark: string, servers: (route: Route) => string): string => {
    const parts = fixed.map(([route, before, after]) => `${before}${after}${servers(route)}`);
    return `${global(mark, places)}${head}${parts.join("")}`;
  };
  const skeleton = whole("", ({ service }) => hold(service, places, false));
  const mark = createHash("sha256").update(skeleton).digest("hex").slice(0, 16);
  return { mark, text: whole(`homeostat-${mark}`, (route) => servers(route, places)) };
}

function global(mark: string, { lua }: Places): string {
  return `global
  description ${mark}
  fd-hard-limit 65536
  mworker-max-reloads 100
  lua-load ${quotedText(lua)}

`;
}

function front(route: Route, places: Places): string {
  const { service, host, port, degraded } = route;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const answer = degraded ? degradedLines(service, degraded) : "";
  const waiting = held(route);
  return `
frontend ${frontOf(route)}
  bind ${address}
${answer}${nameLines}${originLines}${waiting}  default_backend ${backOf(service)}

frontend h-${service}
  bind unix@${places.hold(service)} mode 600
${waiting}  default_backend ${backOf(service)}
`;
}

function degradedLines(service: string, { status, retryAfterS, why }: Degraded): string {
  const fields = `hdr retry-after ${Math.ceil(retryAfterS)} hdr x-homeostat-degraded 1`;
  return `${count(service, "degraded", "")}  http-request return status ${status} ${jsonType} ${fields} string ${json(why)}
`;
}

type Degraded = NonNullable<Route["degraded"]>;

/** One is added to what is counted under the name of the service. */
function count(service: string, what: string, condition: string): string {
  return `  http-request track-sc1 str('${service} ${what}') table t-routes${condition}
  http-request sc-inc-gpc0(1)${condition}
`;
}

/** A sound trace and name stay, and are made where there are none. */
const nameLines = `  http-request set-var(txn.id) uuid(),regsub(-,,g)
  acl traced req.hdr(traceparent) -m reg ^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}
  http-request del-header tracestate unless traced
  http-request set-header traceparent 00-%[var(txn.id)]-%[uuid(),regsub(-,,g),bytes(0,16)]-00 unless traced
  acl named req.hdr(x-request-id) -m reg ^[A-Za-z0-9_.:/+=@-]{1,128}$
  http-request set-header x-request-id %[req.hdr(traceparent),bytes(3,32)] unless named
`;

const originLines = `  http-request set-header x-forwarded-host %[req.hdr(host)] unless { req.hdr(x-forwarded-host) -m found }
  http-request add-header x-forwarded-for %[src]
  http-request set-header x-forwarded-proto http
  http-request add-header forwarded for=%[src];host=\\"%[req.hdr(host)]\\";proto=http
`;

/** HAProxy answers 503 at once when no server is up: a script waits until one is. */
function held({ service, holdMs }: Route): string {
  const none = ` if { srv_is_up(${backOf(service)}/${holdServer}) }`;
  const error = json("no instance was ready in time");
  return `${count(service, "held", none)}  http-request lua.hold ${backOf(service)} ${holdServer} ${Math.ceil(holdMs)}${none}
  http-request return status 503 ${jsonType} hdr retry-after 1 string ${error}${none}
  http-request set-var(txn.at) date(0,us)
`;
}

/** Each answer of an instance is counted by the time until its head. */
function back({ service, timeoutMs }: Route, { buckets }: Places): string {
  return `
backend ${backOf(service)}
  timeout server ${ms(timeoutMs)}
  timeout queue ${ms(timeoutMs)}
  http-request disable-l7-retry unless { method ${repeatable} }
  http-response set-var(txn.took) date(0,us),sub(txn.at),map_int(${buckets},${latencyBucketsMs.length})
  http-response set-var(txn.key) srv_name,concat(' ',txn.took)
  http-response track-sc0 var(txn.key) table t-answers
  http-response sc-inc-gpc0(0)
`;
}

function servers(route: Route, places: Places): string {
  const { service, upstreams } = route;
  const lines = upstreams.flatMap((upstream) => serverLines(upstream));
  return `${lines.join("")}${hold(service, places, isEmpty(upstreams))}`;
}

/** Two for each instance: what is a spare cannot be changed while HAProxy runs, whether it is up can. */
function serverLines({ instance, port, state }: Upstream): readonly string[] {
  const at = `127.0.0.1:${port}`;
  return [
    `  server ${serverOf(instance)} ${at}${state === "ready" ? "" : " disabled"}\n`,
    `  server ${serverOf(instance, true)} ${at} backup${state === "spare" ? "" : " disabled"}\n`,
  ];
}

function hold(service: string, places: Places, isUp: boolean): string {
  return `  server ${holdServer} unix@${places.hold(service)}${isUp ? "" : " disabled"}\n`;
}

export function isEmpty(upstreams: readonly Upstream[]): boolean {
  return !upstreams.some(({ state }) => state === "ready" || state === "spare");
}
