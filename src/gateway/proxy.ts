// Forwards one request to one instance, once, and says how that ended.
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { RequestBody } from "./body.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { requestFields, responseFields } from "./headers.ts";
import type { LiveUpstream, Tally } from "./upstream.ts";

/** One client request and its answer, over all tries. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly body: RequestBody;
  /** Called when the client goes away; set by whatever the exchange waits for. */
  onGone: () => void;
}

/**
 * answered: passed on whole · refused: could not connect, so nothing reached the process · died:
 * the connection ended before a byte of an answer · stale: the same, on a connection that had been
 * idle, which a server may close at any moment · garbled: what came is not an HTTP answer ·
 * broken: the connection ended inside the answer · late: no answer in time · left: it hangs, and
 * another one can be asked · gone: the client left · unsendable: the request cannot be written.
 */
export type EndingKind =
  | "answered"
  | "refused"
  | "died"
  | "stale"
  | "garbled"
  | "broken"
  | "late"
  | "left"
  | "gone"
  | "unsendable";

export interface Ending {
  readonly kind: EndingKind;
  /** The system's words for what went wrong. */
  readonly text: string;
  readonly tally: Tally;
}

export interface ForwardOptions {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
  /** Opens a connection for this request instead of taking an idle one. */
  readonly ownConnection: boolean;
  /** Asked when the instance hangs: whether the request can go to another one. */
  readonly mayLeave: () => boolean;
}

/** A connection over loopback that takes longer waits in a full queue: the process never saw it. */
const connectLimitMs = 3_000;

/** What is known of a try while it runs. */
interface Try extends ForwardOptions {
  readonly exchange: Exchange;
  readonly upstream: LiveUpstream;
  readonly out: ClientRequest;
  readonly startedAtMs: number;
  readonly resolve: (ending: Ending) => void;
  /** Takes the wish to be told of a hang back. */
  stay: () => void;
  expiry: Deadline | undefined;
  connected: boolean;
  /** Bytes this connection had brought before this request. */
  bytesBefore: number;
  status: number;
  headAfterMs: number | undefined;
  ended: boolean;
}

/** Never rejects. After "answered" the answer is complete or on its way to the client. */
export function forward(
  exchange: Exchange,
  upstream: LiveUpstream,
  options: ForwardOptions,
): Promise<Ending> {
  let out: ClientRequest;
  try {
    out = open(exchange.req, upstream, options.ownConnection);
  } catch (error) {
    const tally = { failed: false, broken: false };
    return Promise.resolve({ kind: "unsendable", text: messageOf(error), tally });
  }
  return new Promise((resolve) => {
    const startedAtMs = options.clock.now();
    const attempt: Try = {
      ...options,
      ...{ exchange, upstream, out, startedAtMs, resolve, expiry: undefined, connected: false },
      ...{ bytesBefore: 0, status: 0, headAfterMs: undefined, ended: false, stay: () => {} },
    };
    attempt.stay = upstream.onAbandon(() => leave(attempt));
    const limitMs = Math.min(connectLimitMs, options.timeoutMs);
    attempt.expiry = options.deadlines.add(startedAtMs + limitMs, () =>
      end(attempt, attempt.connected ? "late" : "refused", "no answer in time"),
    );
    exchange.onGone = () => end(attempt, "gone");
    out.on("socket", (socket) => onSocket(attempt, socket));
    out.on("response", (incoming) => onResponse(attempt, incoming));
    out.on("error", (error) => onFailure(attempt, error));
    out.on("close", () => onFailure(attempt, new Error("the connection was closed")));
  });
}

function open(req: IncomingMessage, upstream: LiveUpstream, ownConnection: boolean): ClientRequest {
  return request({
    host: "127.0.0.1",
    port: upstream.port,
    method: req.method,
    path: req.url,
    headers: requestFields(req),
    agent: ownConnection ? upstream.single : upstream.pool,
  });
}

function onSocket(attempt: Try, socket: Socket): void {
  const { exchange, out, clock, timeoutMs } = attempt;
  const progress = (): void => attempt.expiry?.moveTo(clock.now() + timeoutMs);
  attempt.bytesBefore = socket.bytesRead;
  // The body waits for the connection: what was not taken from the client can still go anywhere.
  const start = (): void => {
    if (attempt.ended) return;
    attempt.connected = true;
    progress();
    exchange.body.sendTo(out, progress);
  };
  if (socket.connecting) socket.once("connect", start);
  else start();
}

function onResponse(attempt: Try, incoming: IncomingMessage): void {
  const { res } = attempt.exchange;
  attempt.headAfterMs = attempt.clock.now() - attempt.startedAtMs;
  attempt.status = incoming.statusCode ?? 0;
  attempt.expiry?.cancel();
  attempt.upstream.worked();
  incoming.on("error", (error) => onFailure(attempt, error));
  incoming.on("end", () => end(attempt, "answered"));
  try {
    res.writeHead(attempt.status, incoming.statusMessage, responseFields(incoming));
  } catch (error) {
    end(attempt, "garbled", messageOf(error));
    return;
  }
  // Without a length it may be a stream of events, whose head must not wait for the first one.
  if (incoming.headers["content-length"] === undefined) res.flushHeaders();
  incoming.pipe(res);
}

/** What has begun to be answered stays: no answer comes in two halves. */
function leave(attempt: Try): void {
  if (attempt.headAfterMs !== undefined || hasBytes(attempt) || !attempt.mayLeave()) return;
  end(attempt, "left", "it does not answer its probe");
}

function hasBytes({ out, bytesBefore }: Try): boolean {
  return (out.socket?.bytesRead ?? 0) > bytesBefore;
}

function onFailure(attempt: Try, error: Error): void {
  const { out } = attempt;
  if (attempt.headAfterMs !== undefined) end(attempt, "broken", messageOf(error));
  else if (!attempt.connected) end(attempt, "refused", messageOf(error));
  else if (hasBytes(attempt)) end(attempt, "garbled", messageOf(error));
  else end(attempt, out.reusedSocket ? "stale" : "died", messageOf(error));
}

function end(attempt: Try, kind: EndingKind, text = ""): void {
  if (attempt.ended) return;
  attempt.ended = true;
  const { exchange, out } = attempt;
  attempt.stay();
  attempt.expiry?.cancel();
  exchange.body.stop();
  exchange.onGone = () => {};
  // An answer may come before the request was wholly sent; that connection serves no second one.
  if (kind !== "answered" || !out.writableEnded) out.destroy();
  attempt.resolve({ kind, text, tally: tallyOf(attempt, kind) });
}

const breaking: ReadonlySet<EndingKind> = new Set([
  ...(["refused", "died", "stale", "garbled", "broken", "late", "left"] as const),
]);

/** A wait that was given up counts as long as it was: leaving it out would flatter a hang. */
function tallyOf(attempt: Try, kind: EndingKind): Tally {
  const tally = { failed: attempt.status >= 500, broken: breaking.has(kind) };
  const givenUp = kind === "late" || kind === "left" || kind === "gone";
  const waitedMs = givenUp
    ? (attempt.headAfterMs ?? attempt.clock.now() - attempt.startedAtMs)
    : attempt.headAfterMs;
  return waitedMs === undefined ? tally : { ...tally, waitedMs };
}
