// Asks an instance by opening a TCP connection. A stopped process still accepts: the kernel does it.
import { connect } from "node:net";
import { answered, begin, connectionFault, failed, noAnswer, portOf } from "./answer.ts";
import type { Probe } from "./probe.ts";

export interface TcpProbeOptions {
  /** Default: the port of the instance. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

/** It tells that somebody listens, and nothing about a hang: prefer HTTP where there is any. */
export function tcpProbe(options: TcpProbeOptions = {}): Probe {
  return {
    name: "tcp",
    check: async (of, ctx) => {
      const port = portOf("tcp", of, options.port);
      const check = begin(of, ctx);
      const outcome = await open(options.host ?? "127.0.0.1", port, ctx.signal);
      if (outcome === "late") return noAnswer(check);
      if (outcome === "open") return answered(check, ctx.clock.now() - check.startedAtMs);
      return failed(check, connectionFault(outcome));
    },
  };
}

function open(host: string, port: number, signal: AbortSignal): Promise<"open" | "late" | Error> {
  const { promise, resolve } = Promise.withResolvers<"open" | "late" | Error>();
  if (signal.aborted) return Promise.resolve("late");
  const socket = connect({ host, port });
  const onAbort = (): void => resolve("late");
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("connect", () => resolve("open"));
  socket.on("error", resolve);
  return promise.finally(() => {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  });
}
