// Hears from Node what the app opens, while the line that opens it is still on the stack.
import { createHook } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import type { Socket as UdpSocket } from "node:dgram";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import type { Worker } from "node:worker_threads";
import {
  acceptedKind,
  childKind,
  type Kind,
  serverKind,
  socketKind,
  type Timer,
  timerKind,
  udpKind,
  workerKind,
} from "./kinds.ts";
import { type Site, siteAbove } from "./sites.ts";

/** Where what is heard of is noted; without a site nobody of the app created it. */
export type Note = <Thing extends object>(thing: Thing, kind: Kind<Thing>, site?: Site) => void;

/** `diagnostics_channel` costs nothing but for what is opened. Node 22 is silent on TLS clients. */
export function watchChannels(note: Note): Disposable {
  const watches = [
    listen<{ socket: Socket }>("net.client.socket", ({ socket }, site) =>
      note(socket, socketKind, site()),
    ),
    listen<{ socket: Socket }>("net.server.socket", ({ socket }) => note(socket, acceptedKind)),
    listen<{ socket: UdpSocket }>("udp.socket", ({ socket }, site) =>
      note(socket, udpKind, site()),
    ),
    listen<{ worker: Worker }>("worker_threads", ({ worker }, site) =>
      note(worker, workerKind, site()),
    ),
    listen<{ process: ChildProcess }>("child_process", ({ process }, site) =>
      note(process, childKind, site()),
    ),
    listen<{ server: Server }>("tracing:net.server.listen:asyncStart", ({ server }, site) =>
      note(server, serverKind, site()),
    ),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const watch of watches) watch[Symbol.dispose]();
    },
  };
}

function listen<Message>(
  channel: string,
  tell: (message: Message, site: () => Site) => void,
): Disposable {
  const listener = (message: unknown): void => {
    tell(message as Message, () => siteAbove(listener));
  };
  subscribe(channel, listener);
  return { [Symbol.dispose]: () => void unsubscribe(channel, listener) };
}

/** Node tells of timers by `async_hooks` only, which costs microseconds for each. */
export function watchTimers(note: Note): Disposable {
  const init = (_id: number, type: string, _by: number, resource: object): void => {
    if (type === "Timeout") note(resource as Timer, timerKind, siteAbove(init));
  };
  const hook = createHook({ init }).enable();
  return { [Symbol.dispose]: () => void hook.disable() };
}
