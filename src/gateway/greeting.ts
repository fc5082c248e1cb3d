// Who answers on a control socket, whatever version of the protocol it speaks.
import { connect } from "node:net";
import { type Clock, deadline } from "../kernel/clock.ts";
import { lineCutter } from "../protocol/lines.ts";
import type { Hello } from "./conversation.ts";
import { parseFromGateway } from "./wire.ts";

export type { Hello } from "./conversation.ts";

const limitMs = 1_000;

/** Undefined when nobody answers there, or not as a gateway does. */
export function greetingOn(socketPath: string, clock: Clock): Promise<Hello | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const limit = deadline(clock, limitMs);
    const settle = (hello?: Hello): void => {
      limit.done();
      socket.destroy();
      resolve(hello);
    };
    const onLine = (line: string): void => {
      try {
        const message = parseFromGateway(line);
        settle(message.kind === "hello" ? message : undefined);
      } catch {
        settle();
      }
    };
    limit.signal.addEventListener("abort", () => settle());
    socket.on("data", lineCutter(onLine, settle));
    socket.on("error", () => settle()).on("close", () => settle());
  });
}
