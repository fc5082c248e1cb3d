// Speaks with a running HAProxy: the socket of its master, which passes commands on to its workers.
import { connect } from "node:net";
import { type Clock, deadline } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";

export interface Runtime {
  /**
   * The answers of the master to commands, as one text.
   * @throws GATEWAY_ABSENT when nobody answers; TIMED_OUT after 2 s: the result is unknown
   */
  ask(...commands: readonly string[]): Promise<string>;
}

const limitMs = 2_000;
const answerBytesMax = 64 * 1024 * 1024;
/** Beyond that HAProxy refuses a line: tune.bufsize. */
const lineBytes = 8_000;

export function haproxyRuntime(socketPath: string, clock: Clock): Runtime {
  return {
    ask: async (...commands) => {
      const answers: string[] = [];
      for (const line of linesOf(commands)) answers.push(await once(socketPath, line, clock));
      return answers.join("");
    },
  };
}

/** Several commands to a line, as many as fit. */
export function linesOf(commands: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const command of commands) {
    if (/[\n;]/.test(command)) throw new HomeostatError("INVARIANT", "a command is one command");
    const last = lines.at(-1);
    if (last === undefined || last.length + command.length > lineBytes) lines.push(command);
    else lines[lines.length - 1] = `${last};${command}`;
  }
  return lines;
}

/** A connection for each line: HAProxy ends it behind the answer to what ends with the line. */
async function once(socketPath: string, line: string, clock: Clock): Promise<string> {
  const limit = deadline(clock, limitMs);
  const socket = connect(socketPath);
  const late = Promise.withResolvers<never>();
  limit.signal.addEventListener("abort", () => {
    const text = `HAProxy did not answer within ${limitMs} ms (${line.slice(0, 60)})`;
    late.reject(new HomeostatError("TIMED_OUT", text));
  });
  try {
    socket.end(`${line}\n`);
    return await Promise.race([whole(socket), late.promise]);
  } catch (error) {
    if (error instanceof HomeostatError) throw error;
    throw new HomeostatError("GATEWAY_ABSENT", `HAProxy on ${socketPath}: ${messageOf(error)}`);
  } finally {
    limit.done();
    socket.destroy();
  }
}

async function whole(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > answerBytesMax) throw new Error("the answer is too long");
    pieces.push(piece);
  }
  if (bytes === 0) throw new Error("it said nothing");
  return Buffer.concat(pieces).toString();
}

/** Asks one worker. */
export function toWorker(
  runtime: Runtime,
  pid: number,
  ...commands: readonly string[]
): Promise<string> {
  return runtime.ask(...commands.map((command) => `@!${pid} ${command}`));
}
