// Asks an instance by HTTP: healthy when its status, and its body where that counts, are as wanted.
import { readFile } from "node:fs/promises";
import { createContext, Script } from "node:vm";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import {
  answered,
  begin,
  type Check,
  connectionFault,
  excerpt,
  failed,
  noAnswer,
  portOf,
} from "./answer.ts";
import { ask, type Question, type Reply, type TlsQuestion, type Whole } from "./http-ask.ts";
import type { Probe } from "./probe.ts";

export interface HttpProbeOptions {
  readonly path: string;
  /** Default: the port of the instance. */
  readonly port?: number;
  /** The statuses that are healthy. Default: 200 to 399. */
  readonly status?: readonly number[];
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Must be in the first 64 KiB of the body. */
  readonly body?: string;
  /** A regular expression that the first 64 KiB of the body must match. */
  readonly bodyMatches?: string;
  /** How many redirects to the same host and port are followed. Default: none. */
  readonly redirects?: number;
  readonly tls?: TlsOptions;
}

export interface TlsOptions {
  /** A file of PEM certificates that are trusted instead of those of Node; read at each check. */
  readonly ca?: string;
  /** Takes any certificate. */
  readonly insecure?: boolean;
  /** Whom the certificate must name. Default: "localhost". */
  readonly serverName?: string;
}

/** More of a body is not read; what the answer says beyond it counts for nothing. */
const bodyLimit = 65_536;
const noteLimit = 10_240;

/** Each check uses a connection of its own: a kept one would hide that no new ones are accepted. */
export function httpProbe(options: HttpProbeOptions): Probe {
  const fault = judge(options);
  return {
    name: "http",
    check: async (of, ctx) => {
      const port = portOf("http", of, options.port);
      const check = begin(of, ctx);
      if (ctx.signal.aborted) return noAnswer(check);
      const { reply, lost } = await follow(check, await questionOf(options, port), options);
      if (reply.kind === "fault") return failed(check, connectionFault(reply.error));
      if (reply.kind === "late") return noAnswer(check, lateDetail(reply.status));
      const note = lost ?? fault(reply);
      return [...answered(check, reply.atMs - check.startedAtMs, note), ...expiryOf(check, reply)];
    },
  };
}

function lateDetail(status: number | undefined): string | undefined {
  return status === undefined ? undefined : `status ${status} came, its body did not end`;
}

async function questionOf(options: HttpProbeOptions, port: number): Promise<Question> {
  const { path, host = "127.0.0.1", method = "GET", headers = {} } = options;
  const reads = options.body !== undefined || options.bodyMatches !== undefined;
  return {
    method,
    host,
    port,
    path: path.startsWith("/") ? path : `/${path}`,
    headers,
    bodyLimit: reads ? bodyLimit : noteLimit,
    ...(options.tls ? { tls: await tlsOf(options.tls) } : {}),
  };
}

/** @throws CONFIG_INVALID when the file of certificates cannot be read. */
async function tlsOf({ ca, insecure, serverName }: TlsOptions): Promise<TlsQuestion> {
  const base = { insecure: insecure ?? false, serverName: serverName ?? "localhost" };
  if (ca === undefined) return base;
  try {
    return { ...base, ca: await readFile(ca, "utf8") };
  } catch (error) {
    const text = `the http probe cannot read its certificates: ${messageOf(error)}`;
    throw new HomeostatError("CONFIG_INVALID", text, { cause: error });
  }
}

/** Only to the same host and port: what another server says is nothing about this instance. */
async function follow(
  check: Check,
  first: Question,
  { redirects = 0 }: HttpProbeOptions,
): Promise<{ readonly reply: Reply; readonly lost?: string }> {
  let question = first;
  for (let left = redirects; ; left--) {
    const reply = await ask(check, question);
    const next = reply.kind === "whole" ? redirectOf(question, reply) : undefined;
    if (next === undefined || redirects === 0) return { reply };
    if (left === 0) return { reply, lost: `more than ${redirects} redirects` };
    question = { ...question, path: next };
  }
}

function redirectOf({ host, port, path, tls }: Question, reply: Whole): string | undefined {
  if (reply.status < 300 || reply.status > 399 || reply.location === undefined) return undefined;
  const base = `${tls ? "https" : "http"}://${host}:${port}`;
  if (!URL.canParse(reply.location, base + path)) return undefined;
  const to = new URL(reply.location, base + path);
  return to.origin === new URL(base).origin ? to.pathname + to.search : undefined;
}

/** What is wrong with an answer; undefined when nothing is. */
function judge(options: HttpProbeOptions): (reply: Whole) => string | undefined {
  const { body, bodyMatches } = options;
  const healthy = (status: number): boolean =>
    options.status?.includes(status) ?? (status >= 200 && status < 400);
  const matches = bodyMatches === undefined ? undefined : matcher(bodyMatches);
  return (reply) => {
    const said = excerpt(reply.body, 120);
    const says = said === "" ? "" : `: ${said}`;
    if (!healthy(reply.status)) return `status ${reply.status}${says}`;
    if (body !== undefined && !reply.body.includes(body)) {
      return `its body does not contain ${JSON.stringify(excerpt(body, 60))}${says}`;
    }
    if (matches && !matches(reply.body)) {
      return `its body does not match /${excerpt(bodyMatches ?? "", 60)}/${says}`;
    }
    return undefined;
  };
}

/** A pattern may take for ever on a text that was made for it: it has this long. */
const matchMs = 50;

function matcher(pattern: string): (text: string) => boolean {
  const script = new Script("pattern.test(text)");
  return (text) => {
    try {
      const context = createContext({ pattern: new RegExp(pattern), text });
      return script.runInContext(context, { timeout: matchMs }) === true;
    } catch (error) {
      const words = `the http probe cannot match /${excerpt(pattern, 60)}/`;
      throw new HomeostatError("CONFIG_INVALID", `${words}: ${messageOf(error)}`, { cause: error });
    }
  };
}

function expiryOf({ of, ctx }: Check, { certificateEndsMs }: Whole): readonly Reading[] {
  if (certificateEndsMs === undefined) return [];
  const leftMs = certificateEndsMs - ctx.clock.wall();
  const day = new Date(certificateEndsMs).toISOString().slice(0, 10);
  return [reading(of.target, metrics.certificateLeft, leftMs, ctx.clock.now(), day)];
}
