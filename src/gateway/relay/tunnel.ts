// Two connections that have become one: bytes go both ways until either side has ended.
import type { Socket } from "node:net";
import type { RawInstance } from "./exchange.ts";
import type { Member, Sweep } from "./sweep.ts";

export interface Ends {
  readonly client: Socket;
  readonly instance: RawInstance;
  /** What the client said before the two were joined. */
  readonly rest: Buffer | undefined;
  readonly sweep: Sweep;
  readonly idleMs: number;
}

/** What was said last may take so long to be taken. */
const lingerMs = 10_000;
/** So long may one side still talk when the other one has ended its own. */
const halfOpenMs = 60_000;
/** A peer that vanished is noticed by the kernel, which asks after so much silence. */
const aliveMs = 60_000;

/** `onEnd` is called once, when both connections have ended or been cut. */
export function join(ends: Ends, onEnd: () => void): void {
  const { client, rest, sweep, idleMs } = ends;
  const { socket: instance, early } = ends.instance;
  let open = 2;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    member.dueAtMs = sweep.nowMs + lingerMs;
    onEnd();
    // What the one said last is still on its way to the other.
    for (const socket of [client, instance]) socket.end(() => socket.destroy());
  };
  const cut = (): void => {
    client.destroy();
    instance.destroy();
    end();
  };
  const member = { dueAtMs: sweep.nowMs + idleMs, onDue: cut } satisfies Member;
  let quietMs = idleMs;
  const heard = (): void => {
    if (!ended) member.dueAtMs = sweep.nowMs + quietMs;
  };
  /** One side is gone: the other one may have something to add, and not for a day. */
  const halfClosed = (): void => {
    quietMs = Math.min(idleMs, halfOpenMs);
    heard();
  };
  const closed = (): void => {
    end();
    if (--open === 0) sweep.leave(member);
  };
  sweep.join(member);
  if (early) client.write(early);
  if (rest) instance.write(rest);
  for (const socket of [client, instance]) socket.on("error", cut).on("close", closed);
  for (const socket of [client, instance]) socket.setKeepAlive(true, aliveMs);
  client.on("end", halfClosed);
  instance.on("end", halfClosed);
  client.on("data", heard).pipe(instance);
  client.on("drain", () => instance.resume());
  instance.on("end", () => client.end());
  ends.instance.listen((bytes) => {
    heard();
    return client.write(Buffer.from(bytes));
  });
  // It may have been paused while nobody listened.
  instance.resume();
}
