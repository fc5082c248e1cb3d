// Asks an instance by TCP: that somebody listens, or that what is sent is answered as expected.
import { connect } from "node:net";
import { answered, begin, connectionFault, excerpt, failed, noAnswer, portOf } from "./answer.ts";
import type { Probe } from "./probe.ts";

export interface TcpProbeOptions {
  /** Default: the port of the instance. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Said when the connection stands. */
  readonly send?: string;
  /** Must come within the first 64 KiB that are answered. */
  readonly expect?: string;
}

type Outcome =
  | { readonly kind: "well" | "late" }
  | { readonly kind: "fault"; readonly error: Error }
  | { readonly kind: "other"; readonly said: string };

const answerLimit = 65_536;

/**
 * Without `expect` it tells that somebody listens, and nothing about a hang: the kernel accepts for
 * a stopped process.
 */
export function tcpProbe(options: TcpProbeOptions = {}): Probe {
  return {
    name: "tcp",
    check: async (of, ctx) => {
      const port = portOf("tcp", of, options.port);
      const check = begin(of, ctx);
      const outcome = await talk(options, port, ctx.signal);
      const latencyMs = ctx.clock.now() - check.startedAtMs;
      switch (outcome.kind) {
        case "late":
          return noAnswer(check);
        case "well":
          return answered(check, latencyMs);
        case "fault":
          return failed(check, connectionFault(outcome.error));
        case "other": {
          const wanted = JSON.stringify(excerpt(options.expect ?? "", 60));
          const said = excerpt(outcome.said, 120);
          const got = said === "" ? "said nothing" : `said ${JSON.stringify(said)}`;
          return answered(check, latencyMs, `it ${got} and not ${wanted}`);
        }
      }
    },
  };
}

function talk(options: TcpProbeOptions, port: number, signal: AbortSignal): Promise<Outcome> {
  const { host = "127.0.0.1", send, expect } = options;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  if (signal.aborted) return Promise.resolve({ kind: "late" });
  const socket = connect({ host, port });
  const onAbort = (): void => resolve({ kind: "late" });
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("error", (error) => resolve({ kind: "fault", error }));
  socket.once("connect", () => {
    if (send !== undefined) socket.write(send);
    if (expect === undefined) resolve({ kind: "well" });
  });
  if (expect !== undefined) {
    let said = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      said += part;
      if (said.includes(expect)) resolve({ kind: "well" });
      else if (said.length > answerLimit) resolve({ kind: "other", said });
    });
    socket.on("end", () => resolve({ kind: "other", said }));
  }
  return promise.finally(() => {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  });
}
