// TLS of clients: takes connections through the handshake, and certificates anew when they change.
import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { builtin } from "../../kernel/builtin.ts";
import { type Clock, every } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { CertificateStats, RouteSecure } from "../../protocol/gateway-secure.ts";
import type { Limits } from "../relay/limits.ts";
import { type Peer, peerOf } from "../relay/peer.ts";
import {
  type Certificate,
  certificateFor,
  loadCertificates,
  minVersion,
  stampOf,
} from "./certificates.ts";

export interface TlsFront {
  /** Whether clients have to come over TLS. */
  readonly isOn: boolean;
  readonly certificates: readonly CertificateStats[];
  /** Takes new settings; undefined is off. */
  apply(tls: RouteSecure["tls"]): void;
  /** Loads what has changed. @throws Error when what the files hold is not in force. */
  refresh(): Promise<void>;
  /** Goes on when the handshake is done; a client that fails it is dropped. */
  take(socket: Socket, peer: Peer): void;
  /** Ends the handshakes that are under way. */
  close(): void;
}

export interface TlsParts {
  readonly service: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
}

const pollMs = 1_000;
const expiryLookMs = 12 * 3_600_000;
const expiresSoonMs = 14 * 86_400_000;

export function createTlsFront(
  { service, clock, log, limits }: TlsParts,
  serve: (socket: TLSSocket, peer: Peer) => void,
): TlsFront {
  /** Who is in a handshake, by the address of the connection. */
  const entering = new Map<string, { readonly socket: Socket; readonly peer: Peer }>();
  const closed = new AbortController();
  let settings: RouteSecure["tls"];
  let certificates: readonly Certificate[] = [];
  let server: Server | undefined;
  let stamp = "";
  let problem: string | undefined;
  let told: string | undefined;
  let loading: Promise<void> = Promise.resolve();

  const load = async (): Promise<void> => {
    const wanted = settings;
    if (wanted === undefined) return;
    const now = `${JSON.stringify(wanted)}\n${await stampOf(wanted.certificates)}`;
    if (now === stamp) return;
    try {
      const loaded = await loadCertificates(wanted.certificates);
      if (wanted !== settings || closed.signal.aborted) return;
      const isFirst = certificates.length === 0;
      certificates = loaded;
      put(wanted);
      problem = undefined;
      log.info(isFirst ? "certificates loaded" : "certificates loaded anew", { service });
      warnOfExpiry();
    } catch (error) {
      problem = messageOf(error);
    }
    stamp = now;
  };
  /** One at a time: they may be asked for by the config and by the poll at once. */
  const loadNext = (): Promise<void> => {
    loading = loading.then(load);
    return loading;
  };

  const put = ({ http2 }: NonNullable<RouteSecure["tls"]>): void => {
    const [first] = certificates;
    if (!first) return;
    const { cert, key } = first;
    const own = { cert, key, minVersion } as const;
    const offered = http2 ? "h2" : "http/1.1";
    if (server && offers.get(server) === offered) return void server.setSecureContext(own);
    server = builtin("node:tls").createServer({
      ...own,
      ALPNProtocols: http2 ? ["h2", "http/1.1"] : ["http/1.1"],
      SNICallback: (host, done) => done(null, certificateFor(certificates, host)?.context),
      handshakeTimeout: limits.headMs,
      pauseOnConnect: false,
    });
    offers.set(server, offered);
    server.on("secureConnection", enter);
    server.on("tlsClientError", (_error, socket) => socket.destroy());
  };

  const enter = (socket: TLSSocket): void => {
    const key = addressOf(socket);
    const { peer = peerOf(socket), socket: plain } = entering.get(key) ?? {};
    entering.delete(key);
    // Node resets no connection of TLS, only the one below it.
    socket.resetAndDestroy = () => {
      plain?.resetAndDestroy();
      return socket.destroy();
    };
    serve(socket, { ...peer, isSecure: true });
  };

  const warnOfExpiry = (): void => {
    for (const { names, notAfterMs } of certificates) {
      const leftMs = notAfterMs - clock.wall();
      if (leftMs > expiresSoonMs) continue;
      const days = Math.floor(leftMs / 86_400_000);
      log.warn(leftMs < 0 ? "a certificate has expired" : "a certificate expires soon", {
        ...{ service, names, days },
      });
    }
  };

  /** A pair is often written file by file: what does not fit is told when it stays so. */
  const look = async (): Promise<void> => {
    const before = problem;
    await loadNext();
    if (problem !== undefined && problem === before && problem !== told) {
      const kept = certificates.length > 0;
      log.error("a certificate cannot be loaded", { service, problem, oneBeforeIsUsed: kept });
    }
    told = problem === before ? problem : undefined;
  };

  let isLooking = false;
  const lookOn = (): void => {
    if (isLooking) return;
    isLooking = true;
    void every(clock, pollMs, closed.signal, look);
    void every(clock, expiryLookMs, closed.signal, warnOfExpiry);
  };

  return {
    get isOn() {
      return settings !== undefined;
    },
    get certificates() {
      if (settings === undefined) return [];
      return certificates.map(({ names, notAfterMs }) => ({
        ...{ service, names, notAfter: new Date(notAfterMs).toISOString() },
      }));
    },
    apply(tls) {
      if (JSON.stringify(tls) === JSON.stringify(settings)) return;
      settings = tls;
      if (tls !== undefined) lookOn();
    },
    async refresh() {
      if (settings === undefined) return;
      await loadNext();
      if (problem === undefined) return;
      const otherwise = certificates.length > 0 ? "; the one before stays in force" : "";
      throw new Error(`tls: ${problem}${otherwise}`);
    },
    take(socket, peer) {
      if (server === undefined) return void socket.destroy();
      const key = addressOf(socket);
      entering.set(key, { socket, peer });
      socket.once("close", () => {
        if (entering.get(key)?.socket === socket) entering.delete(key);
      });
      server.emit("connection", socket);
    },
    close() {
      closed.abort();
      for (const { socket } of entering.values()) socket.destroy();
    },
  };
}

/** What the client and we have agreed on in the handshake. */
export function isHttp2(socket: Socket): boolean {
  return "alpnProtocol" in socket && socket.alpnProtocol === "h2";
}

/** What its ALPN says, by which it has to be made anew. */
const offers = new WeakMap<Server, string>();

/** What tells the connections of one listening socket apart. */
function addressOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
