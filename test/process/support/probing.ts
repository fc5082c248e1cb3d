// What tests of probes share: servers on free ports, and one check with its time.
import type { AddressInfo, Server, Socket } from "node:net";
import { type Clock, deadline, systemClock } from "../../../src/kernel/clock.ts";
import { silentLog } from "../../../src/kernel/log.ts";
import { metrics, type Reading } from "../../../src/model/reading.ts";
import type { Probe, ProbeTarget } from "../../../src/probes/probe.ts";

export const target = "web/1";

export interface Listening {
  readonly of: ProbeTarget;
  close(): Promise<void>;
}

export async function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { of: { target, port }, close };
}

export async function ask(
  probe: Probe,
  of: ProbeTarget,
  ms = 5_000,
  clock: Clock = systemClock,
): Promise<readonly Reading[]> {
  const { signal, done } = deadline(systemClock, ms);
  try {
    return await probe.check(of, { signal, clock, log: silentLog });
  } finally {
    done();
  }
}

export async function check(
  ...given: Parameters<typeof ask>
): Promise<readonly [value: number | undefined, note: string]> {
  const sign = (await ask(...given)).find(({ metric }) => metric === metrics.probe.name);
  return [sign?.value, sign?.note ?? ""];
}

export async function closeAll(all: readonly { close: () => Promise<void> }[]): Promise<void> {
  await Promise.all(all.map(({ close }) => close()));
}
