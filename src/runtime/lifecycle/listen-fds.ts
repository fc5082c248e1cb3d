// Sockets that whoever started this process holds for it: clients wait there while it restarts.
import { variable } from "../../kernel/environment.ts";

export interface ListenFd {
  /** As the config calls it; by default the name of the service. */
  readonly name: string;
  /** It listens already: `server.listen({ fd })` accepts on it. */
  readonly fd: number;
}

/** Descriptors 0 to 2 are stdin, stdout and stderr. */
const firstFd = 3;
/** More than any supervisor passes on. */
const fdsMax = 1_024;

/**
 * Those that were passed to this very process, in the order of the config, as Homeostat's `sockets`
 * and systemd's socket units do. Empty when there are none, so that an app runs by itself as well:
 * `const [http] = listenFds(); server.listen(http ?? { port: 3000 });`.
 * Source: sd_listen_fds(3).
 */
export function listenFds(
  read: (name: string) => string | undefined = variable,
  pid: number = process.pid,
): readonly ListenFd[] {
  // A child of the process that they were meant for has the variables and not the descriptors.
  if (read("LISTEN_PID") !== String(pid)) return [];
  const count = Number(read("LISTEN_FDS"));
  if (!Number.isInteger(count) || count < 1 || count > fdsMax) return [];
  const names = read("LISTEN_FDNAMES")?.split(":") ?? [];
  return Array.from({ length: count }, (_, i) => ({
    name: names[i] ?? "unknown",
    fd: firstFd + i,
  }));
}
