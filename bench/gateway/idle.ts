// Ten thousand clients that keep their connections and say nothing: what they cost in memory.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../test/process/support/project.ts";
import { atMost, ours, type Row, shown } from "../supervisor/table.ts";
import { startOurs } from "./peers.ts";
import type { Stage } from "./stage.ts";

const count = 10_000;
const goalMb = 150;

export async function idle(stage: Stage): Promise<readonly Row[]> {
  const [upstream = 0, port = 0] = await freePorts(2);
  const server = await stage.start([stage.server, String(upstream)], upstream);
  const proxy = await startOurs(stage, port, [upstream]);
  const before = proxy.rssMb();
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 200) {
    sockets.push(...(await Promise.all(Array.from({ length: 200 }, () => asked(port)))));
  }
  await sleep(2_000);
  const rssMb = proxy.rssMb();
  const open = sockets.filter((socket) => !socket.destroyed).length;
  for (const socket of sockets) socket.destroy();
  proxy.close();
  await Promise.all([proxy.end(), server.end()]);
  if (open < count) throw new Error(`only ${open} of ${count} connections stayed open`);
  return [
    shown("resident MB without connections", { [ours]: before }),
    atMost("resident MB with 10,000 idle connections", { [ours]: rssMb }, goalMb),
  ];
}

/** A connection on which one request was answered. */
async function asked(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await once(socket, "data");
  return socket;
}
