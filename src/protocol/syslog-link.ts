// One connection to a syslog server: UDP, or TCP and TLS with octet counting.
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { builtin } from "../kernel/builtin.ts";

export interface Link {
  /** Calls `sent` when the message has left the process. False: wait for `drained` before the next. */
  write(message: Buffer, sent: () => void): boolean;
  /** Whether the connection keeps the process alive. */
  hold(on: boolean): void;
  end(): void;
}

export interface LinkEvents {
  ready(): void;
  drained(): void;
  /** Called once, however the connection ended; not after `end`. */
  down(reason: Error): void;
}

export type Dial = (events: LinkEvents) => Link;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** RFC 5426: one message a datagram. */
export function dialUdp({ host, port }: Endpoint): Dial {
  return (events) => {
    const { isIPv6 } = builtin("node:net");
    const socket = builtin("node:dgram").createSocket(isIPv6(host) ? "udp6" : "udp4");
    let over = false;
    const down = (reason: Error): void => {
      if (over) return;
      end();
      events.down(reason);
    };
    const end = (): void => {
      if (!over) socket.close();
      over = true;
    };
    socket.on("error", down);
    // Connected, so that "nobody listens there" is heard of, and a name is looked up once.
    socket.on("connect", () => {
      if (!over) events.ready();
    });
    socket.connect(port, host);
    socket.unref();
    return {
      write: (message, sent) => {
        socket.send(message, (error) => (error ? down(error) : sent()));
        return true;
      },
      hold: (on) => void (on ? socket.ref() : socket.unref()),
      end,
    };
  };
}

export function dialTcp(endpoint: Endpoint): Dial {
  return (events) => stream(builtin("node:net").connect(endpoint), "connect", events);
}

/** RFC 5425; the server's certificate is verified unless `options` say otherwise. */
export function dialTls(endpoint: Endpoint, options: ConnectionOptions = {}): Dial {
  return (events) => {
    const name = options.servername ?? (isAddress(endpoint.host) ? undefined : endpoint.host);
    const named = name === undefined ? {} : { servername: name };
    const { connect } = builtin("node:tls");
    return stream(connect({ ...options, ...endpoint, ...named }), "secureConnect", events);
  };
}

/** Messages one after the other, each with its length before it: RFC 6587, section 3.4.1. */
function stream(socket: Socket, ready: "connect" | "secureConnect", events: LinkEvents): Link {
  let over = false;
  const down = (reason: Error): void => {
    if (over) return;
    over = true;
    socket.destroy();
    events.down(reason);
  };
  socket.setNoDelay(true).setKeepAlive(true, 30_000);
  socket.once(ready, () => {
    if (!over) events.ready();
  });
  socket.on("drain", events.drained);
  // Also hears, and leaves be, what goes wrong after `end`.
  socket.on("error", down);
  socket.on("close", () => down(new Error("the connection was closed")));
  // A server has nothing to say; that it ends must be heard all the same.
  socket.on("end", () => down(new Error("the server ended the connection")));
  socket.resume();
  socket.unref();
  return {
    write: (message, sent) =>
      socket.write(Buffer.concat([Buffer.from(`${message.length} `), message]), (error) => {
        if (!error) sent();
      }),
    hold: (on) => void (on ? socket.ref() : socket.unref()),
    end: () => {
      over = true;
      if (socket.connecting || socket.writableLength > 0) socket.destroy();
      else socket.end();
    },
  };
}

function isAddress(host: string): boolean {
  return builtin("node:net").isIPv6(host) || /^[\d.]+$/.test(host);
}
