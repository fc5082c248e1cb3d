// TLS of clients: takes their connections through the handshake, with the certificates of now.
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { CertificateStats, RouteSecure } from "../../protocol/gateway-secure.ts";
import type { Limits } from "../relay/limits.ts";
import { type Peer, reset } from "../relay/peer.ts";
import { type Certificate, certificateFor, minVersion } from "./certificates.ts";
import { type KeptParts, keepCertificates } from "./kept-certificates.ts";

export interface TlsFront {
  /** Whether clients have to come over TLS. */
  readonly isOn: boolean;
  readonly certificates: readonly CertificateStats[];
  /** Takes new settings; undefined is off. */
  apply(tls: RouteSecure["tls"]): void;
  /** Loads what has changed. @throws Error when what the files hold is not in force. */
  refresh(): Promise<void>;
  /** Goes on when the handshake is done; a client that fails it is dropped. */
  take(socket: Socket, peer: Peer, goOn: GoOn): void;
  /** Loads nothing any more; handshakes that are under way go on. */
  close(): void;
}

export interface TlsParts extends KeptParts {
  readonly limits: Limits;
}

type GoOn = (socket: TLSSocket, peer: Peer) => void;

export function createTlsFront(parts: TlsParts): TlsFront {
  let settings: RouteSecure["tls"];
  let server: Server | undefined;
  let isHttp2Offered: boolean | undefined;
  const entering = createEntrance();
  const put = (): void => {
    const [first] = kept.all;
    if (!first || !settings) return;
    const { cert, key } = first;
    if (server && isHttp2Offered === settings.http2) {
      server.setSecureContext({ cert, key, minVersion });
      return;
    }
    isHttp2Offered = settings.http2;
    server = serverOf(() => kept.all, first, isHttp2Offered, parts.limits);
    server.on("secureConnection", entering.leave);
  };
  const kept = keepCertificates(parts, put);

  return {
    get isOn() {
      return settings !== undefined;
    },
    get certificates() {
      if (settings === undefined) return [];
      return kept.all.map(({ names, notAfterMs }) => ({
        ...{ service: parts.service, names, notAfter: new Date(notAfterMs).toISOString() },
      }));
    },
    apply(tls) {
      settings = tls;
      kept.apply(tls?.certificates ?? []);
      if (tls && tls.http2 !== isHttp2Offered) put();
    },
    async refresh() {
      const problem = settings && (await kept.refresh());
      if (problem === undefined) return;
      const otherwise = kept.all.length > 0 ? "; the one before stays in force" : "";
      throw new Error(`tls: ${problem}${otherwise}`);
    },
    take(socket, peer, goOn) {
      if (!server) return void socket.destroy();
      entering.enter(socket, peer, goOn);
      // Half a connection ends no handshake: without this, who leaves in it is kept to its limit.
      socket.allowHalfOpen = false;
      server.emit("connection", socket);
    },
    close: () => kept.close(),
  };
}

/** What the client and we have agreed on in the handshake. */
export function isHttp2(socket: Socket): boolean {
  return "alpnProtocol" in socket && socket.alpnProtocol === "h2";
}

/** It never listens: connections are given to it. */
function serverOf(
  all: () => readonly Certificate[],
  { cert, key }: Certificate,
  offersHttp2: boolean,
  { headMs }: Limits,
): Server {
  const server = createServer({
    ...{ cert, key, minVersion, handshakeTimeout: headMs },
    ALPNProtocols: offersHttp2 ? ["h2", "http/1.1"] : ["http/1.1"],
    SNICallback: (host, done) => done(null, certificateFor(all(), host)?.context),
  });
  return server.on("tlsClientError", (_error, socket) => socket.destroy());
}

interface Entrance {
  enter(plain: Socket, peer: Peer, goOn: GoOn): void;
  leave(socket: TLSSocket): void;
}

/** Who is in a handshake, and what comes after it. */
function createEntrance(): Entrance {
  const inside = new Map<unknown, (socket: TLSSocket) => void>();
  return {
    enter(plain, peer, goOn) {
      inside.set(plain, (socket) => {
        socket.allowHalfOpen = true;
        // Node resets no connection of TLS, only the one below it.
        socket.resetAndDestroy = () => {
          reset(plain);
          return socket.destroy();
        };
        goOn(socket, { ...peer, isSecure: true });
      });
      plain.once("close", () => inside.delete(plain));
    },
    leave(socket) {
      const plain = below(socket);
      const goOn = inside.get(plain);
      inside.delete(plain);
      // Whose address is not known is not let in under another one's.
      if (goOn) goOn(socket);
      else socket.destroy();
    },
  };
}

/** What a connection of TLS is on; Node has no public name for it, and addresses tell no Unix sockets apart. */
function below(socket: TLSSocket): unknown {
  return "_parent" in socket ? socket._parent : undefined;
}
