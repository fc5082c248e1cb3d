// Where lines of services are forwarded to: a syslog server, or the output of the daemon.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Writable } from "node:stream";
import { createBacklog } from "../kernel/backlog.ts";
import { type Clock, deadline } from "../kernel/clock.ts";
import type { Level, Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { syslogMessage } from "../protocol/syslog.ts";
import { type Dial, dialTcp, dialTls, dialUdp } from "../protocol/syslog-link.ts";
import { createOutbox } from "../protocol/syslog-outbox.ts";
import type { ResolvedForward } from "./resolve-logs.ts";

/** A line on its way out, without secrets and control characters. */
export interface ForwardLine {
  /** Ms since the epoch. */
  readonly at: number;
  readonly service: string;
  /** The number of the instance, "1"; empty for what has none. */
  readonly instance: string;
  readonly level?: Level;
  readonly text: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface ForwardSink {
  readonly name: string;
  /** Returns at once; what finds no room is dropped and counted. */
  send(line: ForwardLine): void;
  readonly dropped: number;
  /** Waits at most `limitMs` for what was sent to leave. */
  close(limitMs: number): Promise<void>;
}

const maxBufferBytes = 1_024 * 1_024;

export interface SinkWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stdout?: Writable;
}

/** @throws what the system says of a CA file that cannot be read. */
export function sinkOf(forward: ResolvedForward, world: SinkWorld): ForwardSink | undefined {
  if (forward.kind === "syslog") return syslogOut(forward, world);
  return world.stdout && streamOut(world.stdout, forward.json, world);
}

function syslogOut(
  forward: Extract<ResolvedForward, { kind: "syslog" }>,
  { clock, random, log }: SinkWorld,
): ForwardSink {
  const { protocol, host, port } = forward;
  const name = `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const backlog = createBacklog(maxBufferBytes);
  let told = 0;
  const outbox = createOutbox({
    backlog,
    dial: dialOf(forward),
    clock,
    random,
    away: ({ message }) => log.warn("logs cannot be forwarded", { to: name, reason: message }),
    back: () => {
      const dropped = backlog.dropped - told;
      told = backlog.dropped;
      log.info("logs are forwarded again", { to: name, dropped });
    },
  });
  // RFC 5426, 3.2: what all receivers take; RFC 5424, 6.1: what they should.
  const mostBytes = protocol === "udp" ? 2_048 : 8_192;
  const host_ = hostname();
  return {
    name,
    send: (line) => {
      backlog.push(syslogLine(line, host_, mostBytes));
      outbox.pump();
    },
    get dropped() {
      return backlog.dropped;
    },
    close: async (limitMs) => {
      const limit = deadline(clock, limitMs);
      const late = new Promise<void>((resolve) => {
        limit.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([outbox.emptied(), late]);
      limit.done();
      outbox.close();
    },
  };
}

function dialOf({
  protocol,
  host,
  port,
  caFile,
}: Extract<ResolvedForward, { kind: "syslog" }>): Dial {
  const to = { host, port };
  if (protocol === "udp") return dialUdp(to);
  if (protocol === "tcp") return dialTcp(to);
  return dialTls(to, caFile === undefined ? {} : { ca: readFileSync(caFile) });
}

/** `<14>1 2026-11-21T03:00:00.000Z host web 1 - - the line as it was written` */
export function syslogLine(line: ForwardLine, hostname: string, maxBytes: number): Buffer {
  const { at, service, instance, level = "info", text } = line;
  const time = new Date(at).toISOString();
  const parts = { facility: "user", level, time, hostname, maxBytes, text } as const;
  return syslogMessage({ ...parts, app: service, processId: instance, messageId: "" });
}

/** A reader that is slow or gone costs lines, never the daemon. */
function streamOut(stdout: Writable, json: boolean, { log }: SinkWorld): ForwardSink {
  let dropped = 0;
  let isOpen = true;
  let isFull = false;
  const onError = (error: Error): void => {
    if (isOpen) log.warn("logs cannot be forwarded", { to: "stdout", reason: error.message });
    isOpen = false;
  };
  stdout.on("error", onError);
  return {
    name: "stdout",
    send: (line) => {
      if (!isOpen || stdout.writableLength > maxBufferBytes) {
        dropped += 1;
        if (isOpen && !isFull) log.warn("stdout is read too slowly: lines are dropped");
        isFull = true;
        return;
      }
      isFull = false;
      stdout.write(json ? jsonLine(line) : textLine(line));
    },
    get dropped() {
      return dropped;
    },
    close: async () => {},
  };
}

function textLine({ service, instance, text }: ForwardLine): string {
  return `${nameOf(service, instance)} ${text}\n`;
}

function jsonLine({ at, service, instance, level, text, fields }: ForwardLine): string {
  const time = new Date(at).toISOString();
  const leveled = level === undefined ? {} : { level };
  const rest = fields === undefined ? {} : { fields };
  return `${JSON.stringify({ time, log: nameOf(service, instance), ...leveled, line: text, ...rest })}\n`;
}

function nameOf(service: string, instance: string): string {
  return instance === "" ? service : `${service}-${instance}`;
}
