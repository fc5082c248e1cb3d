// One connection to the gateway's control socket, seen from the daemon: questions and answers.
import { connect } from "node:net";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import {
  type FromGateway,
  type GatewayConfig,
  type GatewayStats,
  gatewayProtocol,
  type ToGateway,
} from "../protocol/gateway.ts";
import { lineCutter } from "../protocol/lines.ts";
import { encodeLine, parseFromGateway } from "./wire.ts";

export type Hello = Extract<FromGateway, { kind: "hello" }>;
export type Applied = Extract<FromGateway, { kind: "applied" }>;

export interface Conversation {
  /** The gateway's greeting. @throws GATEWAY_ABSENT, WIRE_VERSION, WIRE_SHAPE */
  readonly hello: Promise<Hello>;
  readonly greeted: boolean;
  push(config: GatewayConfig): Promise<Applied>;
  stats(): Promise<GatewayStats>;
  /** Closes the connection; whoever waits for an answer gets `reason`. */
  end(reason: HomeostatError): void;
}

type Waiting<T> = Omit<PromiseWithResolvers<T>, "promise">;

/** Connects at once. `onEnd` is called once, however it ends; `greeted`: whether it ever stood. */
export function startConversation(
  socketPath: string,
  onEnd: (reason: HomeostatError, greeted: boolean) => void,
): Conversation {
  const hello = Promise.withResolvers<Hello>();
  hello.promise.catch(() => {});
  // The gateway applies in order, so the oldest push is the one that `applied` is about.
  const pushes: Waiting<Applied>[] = [];
  const questions = new Map<number, Waiting<GatewayStats>>();
  let greeted = false;
  let ended: HomeostatError | undefined;
  let lastId = 0;

  const socket = connect(socketPath);
  const end = (reason: HomeostatError): void => {
    if (ended) return;
    ended = reason;
    socket.destroy();
    for (const waiting of [hello, ...pushes, ...questions.values()]) waiting.reject(reason);
    onEnd(reason, greeted);
  };
  const absent = (why: string): void =>
    end(new HomeostatError("GATEWAY_ABSENT", `the gateway on ${socketPath}: ${why}`));

  const onLine = (line: string): void => {
    if (ended) return;
    const message = parseFromGateway(line);
    if (message.kind === "stats") {
      questions.get(message.id)?.resolve(message.stats);
      questions.delete(message.id);
    } else if (message.kind === "applied") pushes.shift()?.resolve(message);
    else {
      checkVersion(message);
      greeted = true;
      hello.resolve(message);
    }
  };
  socket.on("data", reader(onLine, end));
  socket.on("error", (error) => absent(messageOf(error)));
  socket.on("close", () => absent("the connection ended"));

  const ask = <T>(message: ToGateway, wait: (waiting: Waiting<T>) => void): Promise<T> => {
    if (ended) return Promise.reject(ended);
    const { promise, ...waiting } = Promise.withResolvers<T>();
    wait(waiting);
    socket.write(encodeLine(message));
    return promise;
  };

  return {
    hello: hello.promise,
    get greeted() {
      return greeted && !ended;
    },
    push: (config) => ask<Applied>({ kind: "config", config }, (waiting) => pushes.push(waiting)),
    stats() {
      const id = ++lastId;
      return ask<GatewayStats>({ kind: "stats", id }, (waiting) => questions.set(id, waiting));
    },
    end,
  };
}

/** Cuts into lines; what `onLine` throws, and a line without end, ends the conversation. */
function reader(
  onLine: (line: string) => void,
  end: (reason: HomeostatError) => void,
): (chunk: Buffer) => void {
  const guarded = (line: string): void => {
    try {
      onLine(line);
    } catch (error) {
      end(asReason(error));
    }
  };
  return lineCutter(guarded, () =>
    end(new HomeostatError("WIRE_SHAPE", "the gateway sent a line that is too long")),
  );
}

function checkVersion({ protocol }: Hello): void {
  if (protocol === gatewayProtocol) return;
  const text = `the gateway speaks protocol ${protocol}, this daemon ${gatewayProtocol}`;
  throw new HomeostatError("WIRE_VERSION", text);
}

function asReason(error: unknown): HomeostatError {
  if (error instanceof HomeostatError) return error;
  return new HomeostatError("WIRE_SHAPE", messageOf(error), { cause: error });
}
