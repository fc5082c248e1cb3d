// Lines to a syslog server: RFC 5424 over UDP, TCP or TLS.
import { hostname } from "node:os";
import type { ConnectionOptions } from "node:tls";
import { aborted } from "../../kernel/aborted.ts";
import { createBacklog } from "../../kernel/backlog.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Level } from "../../kernel/log.ts";
import { type Random, systemRandom } from "../../kernel/random.ts";
import type { Facility } from "../../protocol/syslog.ts";
import { type Dial, dialTcp, dialTls, dialUdp } from "../../protocol/syslog-link.ts";
import { createOutbox } from "../../protocol/syslog-outbox.ts";
import { checkHeader, lineMessage, type SyslogHeader } from "./rfc5424.ts";
import type { Sink, Tell } from "./sink.ts";

export interface SyslogSinkOptions {
  /** `udp://host:514`, `tcp://host:601` or `tls://host:6514`; the port may be left out. */
  readonly address: string;
  /** Default "info". */
  readonly level?: Level;
  /** Default "user". */
  readonly facility?: Facility;
  /** Default: the name of this machine. */
  readonly hostname?: string;
  readonly processId?: string;
  /** `app@12345`: the fields as structured data rather than in the text. */
  readonly structuredDataId?: string;
  /** Longer messages are cut; default 2,048 over UDP (RFC 5424, 6.1), 8,192 otherwise. */
  readonly maxMessageBytes?: number;
  /** Messages that wait for the server; beyond it the oldest are given up. Default 1 MiB. */
  readonly maxBufferBytes?: number;
  /** `ca`, `cert`, `key` and what else Node's `tls.connect` takes. */
  readonly tls?: ConnectionOptions;
  readonly clock?: Clock;
  readonly random?: Random;
}

const protocols: Readonly<Record<string, number>> = { udp: 514, tcp: 601, tls: 6_514 };

/**
 * Connects when the first line is written. A server that is away is dialled again with growing
 * waits, of which the other sinks are told; the lines of that time wait in a bounded buffer.
 */
export function syslogSink(options: SyslogSinkOptions): Sink {
  const { clock = systemClock, random = systemRandom, level = "info" } = options;
  const { maxBufferBytes = 1_024 * 1_024 } = options;
  const { dial, protocol, shown } = dialOf(options);
  const { structuredDataId } = options;
  const header: SyslogHeader = {
    facility: options.facility ?? "user",
    hostname: options.hostname ?? hostname(),
    processId: options.processId ?? String(process.pid),
    maxBytes: options.maxMessageBytes ?? (protocol === "udp" ? 2_048 : 8_192),
    ...(structuredDataId !== undefined && { structuredDataId }),
  };
  checkHeader(header);
  const backlog = createBacklog(maxBufferBytes);
  let tell: Tell = () => {};
  let closed = false;
  const outbox = createOutbox({
    backlog,
    dial,
    clock,
    random,
    away: ({ message }) => tell("syslog cannot be reached", { address: shown, reason: message }),
    back: () => tell("syslog is there again", { address: shown, dropped: backlog.dropped }),
  });
  return {
    name: "syslog",
    level,
    write: (line) => {
      if (closed) return backlog.lose(1);
      backlog.push(lineMessage(line, header));
      outbox.pump();
    },
    dropped: () => backlog.dropped,
    attach: (given) => {
      tell = given;
    },
    flush: (signal) => Promise.race([outbox.emptied(), aborted(signal)]),
    close: () => {
      closed = true;
      outbox.close();
    },
  };
}

function dialOf({ address, tls }: SyslogSinkOptions): {
  readonly dial: Dial;
  readonly protocol: string;
  readonly shown: string;
} {
  const found = /^(udp|tcp|tls):\/\/(?:\[([\da-f:.]+)\]|([\w.-]{1,255}))(?::(\d{1,5}))?\/?$/i.exec(
    address,
  );
  const [, scheme = "", six, name, given] = found ?? [];
  const protocol = scheme.toLowerCase();
  const host = six ?? name ?? "";
  const port = given === undefined ? (protocols[protocol] ?? 0) : Number(given);
  if (host === "" || port < 1 || port > 65_535) {
    const expected = "udp://host:514, tcp://host:601 or tls://host:6514";
    throw new HomeostatError("OPTION_INVALID", `syslogSink: address must be like ${expected}`);
  }
  const to = { host, port };
  const shown = `${protocol}://${six === undefined ? host : `[${host}]`}:${port}`;
  const dial =
    protocol === "udp" ? dialUdp(to) : protocol === "tcp" ? dialTcp(to) : dialTls(to, tls);
  return { dial, protocol, shown };
}
