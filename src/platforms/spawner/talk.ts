// One connection to a spawner, seen from the daemon: greeted, asked what there is, then listened to.
import type { Socket } from "node:net";
import { connect } from "node:net";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { ProcessIdentity } from "../../model/instance.ts";
import { lineCutter, lineLimitBytes } from "../../protocol/lines.ts";
import {
  type FromSpawner,
  parseFromSpawner,
  spawnerLine,
  spawnerProtocol,
  type ToSpawner,
} from "../../protocol/spawner.ts";
import type { StartSpec } from "../platform.ts";

export type SpawnerList = Extract<FromSpawner, { kind: "list" }>;
export type News = Exclude<FromSpawner, { kind: "hello" | "list" }>;

export interface Talk {
  /** The spawner's own. */
  readonly identity: ProcessIdentity;
  /** False when the line is longer than the other end takes: then nothing was sent. */
  send(message: ToSpawner<StartSpec>): boolean;
  end(): void;
}

export type Joined =
  | { readonly kind: "joined" }
  /** Nobody answers on the path. */
  | { readonly kind: "absent" }
  /** It speaks another version, and was asked to leave the path; resolves when it has. */
  | { readonly kind: "foreign"; readonly protocol: number; readonly left: Promise<void> }
  | { readonly kind: "broken"; readonly error: HomeostatError };

export interface JoinOptions {
  readonly socketPath: string;
  readonly signal: AbortSignal;
  /** Called before any news. */
  readonly onList: (list: SpawnerList, talk: Talk) => void;
  readonly onNews: (news: News) => void;
  /** Called once, when a connection that was joined has ended by itself. */
  readonly onLost: (why: string) => void;
}

/** Nobody is there, or who was there is just ending. */
const nobody = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/** Resolves when the list is there, or it is certain that none will come; `signal` ends the wait. */
export function join(options: JoinOptions): Promise<Joined> {
  const { socketPath, signal, onList, onNews, onLost } = options;
  const socket = connect(socketPath).unref();
  const { promise, resolve } = Promise.withResolvers<Joined>();
  let talk: Talk | undefined;
  let joined = false;
  let over = false;

  const close = (outcome: Joined, why: string): void => {
    if (over) return;
    over = true;
    socket.destroy();
    if (joined) onLost(why);
    else resolve(outcome);
  };
  const broken = (why: string): void => {
    const error = new HomeostatError("WIRE_SHAPE", `the spawner on ${socketPath}: ${why}`);
    close({ kind: "broken", error }, why);
  };
  const hear = (message: FromSpawner): void => {
    if (message.kind === "hello") {
      if (message.protocol === spawnerProtocol) {
        talk = talkOn(socket, message.identity, () => {
          over = true;
        });
        talk.send({ kind: "list" });
      } else {
        over = true;
        resolve({ kind: "foreign", protocol: message.protocol, left: retire(socket) });
      }
    } else if (message.kind !== "list") onNews(message);
    else if (talk && !joined) {
      joined = true;
      onList(message, talk);
      resolve({ kind: "joined" });
    }
  };
  const onLine = (line: string): void => {
    if (over) return;
    try {
      hear(parseFromSpawner(line));
    } catch (error) {
      broken(messageOf(error));
    }
  };
  socket.on(
    "data",
    lineCutter(onLine, () => broken("a line is too long")),
  );
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (!talk && nobody.has(error.code ?? "")) close({ kind: "absent" }, "nobody answers");
    else broken(messageOf(error));
  });
  socket.on("close", () => broken("the connection ended"));
  signal.addEventListener("abort", () => !joined && broken("it does not answer"), { once: true });
  return promise;
}

function talkOn(socket: Socket, identity: ProcessIdentity, onEnd: () => void): Talk {
  return {
    identity,
    send: (message) => {
      const line = spawnerLine(message);
      if (Buffer.byteLength(line) > lineLimitBytes) return false;
      socket.write(line);
      return true;
    },
    end: () => {
      onEnd();
      socket.destroy();
    },
  };
}

/** All versions understand it; one that does not close the connection after it is left all the same. */
function retire(socket: Socket): Promise<void> {
  socket.write(spawnerLine({ kind: "retire" }));
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
