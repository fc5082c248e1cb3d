// Names that the daemon and the gateway agree on without a word: of sockets that are held for it, and of its own.
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, version } from "../kernel/version.ts";
import { addressOf, type ListenSocket } from "../model/listen-socket.ts";
import type { Route } from "./gateway.ts";

type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** LISTEN_FDNAMES is cut at each colon. */
export function heldName(place: Place): string {
  return encodeURIComponent(addressOf({ name: "", ...place }));
}

/** Where the clients of a route come in. */
export function socketsOf({
  host,
  port,
  path,
  tls,
}: Pick<Route, "host" | "port" | "path" | "tls">): readonly ListenSocket[] {
  const places: readonly Place[] = [
    { host, port },
    ...(path === undefined ? [] : [{ path }]),
    ...(tls?.redirectFrom === undefined ? [] : [{ host, port: tls.redirectFrom }]),
  ];
  return places.map((place) => ({ name: heldName(place), ...place }));
}

/** Which build of the gateway's program a file is: another one is started in its place. */
export function programOf(file: string): string {
  if (build !== "") return `${version} ${build}`;
  const { mtimeMs, size } = statSync(file);
  return `${version} ${mtimeMs} ${size}`;
}

/**
 * The control socket of a gateway that has not taken its place yet, beside the one it is to take. Not
 * longer than that one's name is: the path of a socket has its limit.
 */
export function asideOf(socketPath: string, pid: number): string {
  return join(dirname(socketPath), `gw.${pid}`);
}
