// One client and its connection to the upstream, with a chain of toxics in each direction.
import type { Socket } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { type Chain, createChain } from "./chain.ts";
import { after, type Direction, type Ending, type Outlet, type Toxic } from "./toxic.ts";

export interface Connection {
  readonly chains: Readonly<Record<Direction, Chain>>;
  /** Ends it at once, on both sides. */
  destroy(): void;
}

/** Bytes since the start, read from the source and written to the destination. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

export interface ConnectionOptions {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly clock: Clock;
  readonly random: Random;
  readonly toxics: readonly Toxic[];
  readonly traffic: Readonly<Record<Direction, Traffic>>;
  readonly onOver: () => void;
}

/** How long one side may go on after the other has said all. */
const halfOpenMs = 3_600_000;
/** How long a peer may take to read what was written before the end. */
const lingerMs = 30_000;

export function createConnection(options: ConnectionOptions): Connection {
  const { client, upstream, clock, onOver } = options;
  const timers: (() => void)[] = [];
  const destroy = (): void => {
    client.destroy();
    upstream.destroy();
  };
  const endBy = (ms: number): void => void timers.push(after(clock, ms, destroy));
  const chains = {
    upstream: join(options, "upstream", client, upstream, endBy),
    downstream: join(options, "downstream", upstream, client, endBy),
  };
  let open = 2;
  const onClose = (): void => {
    open--;
    if (open > 0) return;
    for (const cancel of timers) cancel();
    chains.upstream.stop();
    chains.downstream.stop();
    onOver();
  };
  client.once("close", onClose);
  upstream.once("close", onClose);
  client.resume();
  upstream.resume();
  return { chains, destroy };
}

function join(
  { clock, random, toxics, traffic }: ConnectionOptions,
  direction: Direction,
  source: Socket,
  dest: Socket,
  endBy: (ms: number) => void,
): Chain {
  const count = traffic[direction];
  const adjust = (): void => {
    const mustWait = chain.isFull || (dest.writableNeedDrain && !dest.destroyed);
    if (mustWait) source.pause();
    else if (source.isPaused()) source.resume();
  };
  let isFinished = false;
  const sink: Outlet = {
    take(piece) {
      if (!dest.writable) return;
      count.sentBytes += piece.length;
      dest.write(piece);
    },
    finish(how) {
      isFinished = true;
      end(dest, source, source.destroyed && how === "end" ? "close" : how, endBy);
    },
  };
  const own = toxics.filter((toxic) => toxic.direction === direction);
  const chain = createChain({ clock, random, toxics: own, sink, onMoved: adjust });
  source.on("data", (piece: Buffer) => {
    count.receivedBytes += piece.length;
    chain.take(piece, clock.now());
    adjust();
  });
  source.on("end", () => chain.finish("end"));
  // After its end the source may still have read; now nobody is left to write to.
  source.on("close", () => (isFinished ? sink : chain).finish("close"));
  source.on("error", () => source.destroy());
  dest.on("drain", adjust);
  return chain;
}

function end(dest: Socket, source: Socket, how: Ending, endBy: (ms: number) => void): void {
  if (how === "reset") {
    if (!dest.destroyed) dest.resetAndDestroy();
    if (!source.destroyed) source.resetAndDestroy();
  } else if (dest.destroyed) {
    return;
  } else if (how === "end") {
    dest.end();
    endBy(halfOpenMs);
  } else {
    dest.destroySoon();
    endBy(lingerMs);
  }
}
