// One connection of an app: its greeting, its lines, and the limits on both.
import type { Duplex } from "node:stream";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { lineCutter } from "../../protocol/lines.ts";
import { linkLineBytes, linkTextMax } from "../../protocol/link.ts";
import { encodeLink, parseFromApp } from "../../protocol/link-wire.ts";
import type { Desk, Seat, Talk } from "./desk.ts";

export interface ConverseOptions {
  readonly desk: Pick<Desk, "admit">;
  readonly clock: Clock;
  /** Told why a connection was ended that the app did not end itself. */
  readonly complain: (why: string) => void;
}

const greetingMs = 5_000;
/** How long a refused app may take to read why. */
const lastWordMs = 1_000;
/** An app that is given orders and does not read them is cut off. */
const unreadBytesMax = 1_048_576;
/** A report and fifty events a second are what an app may send; a flood is not read on. */
const perSecond = { lines: 200, bytes: 4 * linkLineBytes };

export function converse(socket: Duplex, { desk, clock, complain }: ConverseOptions): void {
  const gone = new AbortController();
  let over = false;
  let seat: Seat | undefined;

  /** Nothing is read or said any more; the first call counts. */
  const finish = (): boolean => {
    if (over) return false;
    over = true;
    seat?.leave();
    return true;
  };
  const after = (ms: number, work: () => void): void =>
    void clock.sleep(ms, gone.signal).then(work, () => {});
  const talk: Talk = {
    say: (message) => {
      if (over) return;
      socket.write(encodeLink(message));
      if (socket.writableLength > unreadBytesMax) cutOff("it does not read what it is told");
    },
    refuse: (why) => {
      if (!finish()) return;
      complain(why);
      const line = encodeLink({ kind: "refused", why: why.slice(0, linkTextMax) });
      socket.end(line, () => socket.destroy());
      after(lastWordMs, () => socket.destroy());
    },
    end: () => {
      if (finish()) socket.destroy();
    },
  };
  const cutOff = (why: string): void => {
    if (over) return;
    complain(why);
    talk.end();
  };

  const read = (line: string): void => {
    const message = parseFromApp(line);
    if (message.kind !== "hello") {
      if (seat) seat.take(message);
      else talk.refuse("it did not greet first");
    } else if (seat) talk.refuse("it greeted twice");
    else seat = desk.admit(message, talk);
  };
  socket.on("data", reader({ clock, read, refuse: talk.refuse, isOver: () => over }));
  // An app that was killed breaks its connection: that is how it ends, and no error of ours.
  socket.on("error", () => talk.end());
  socket.on("end", () => talk.end());
  socket.on("close", () => {
    finish();
    gone.abort();
  });
  after(greetingMs, () => {
    if (!seat) cutOff(`no greeting within ${greetingMs} ms`);
  });
}

interface Reading {
  readonly clock: Clock;
  readonly read: (line: string) => void;
  readonly refuse: (why: string) => void;
  readonly isOver: () => boolean;
}

/** Cuts what comes into lines, as long as it keeps within the limits. */
function reader({ clock, read, refuse, isOver }: Reading): (chunk: Buffer) => void {
  const fits = measure(clock);
  const onLine = (line: string): void => {
    if (isOver()) return;
    try {
      if (fits.line()) read(line);
      else refuse(`more than ${perSecond.lines} lines in a second`);
    } catch (error) {
      refuse(messageOf(error));
    }
  };
  const cut = lineCutter(onLine, () => refuse("a line is too long"), linkLineBytes);
  return (chunk) => {
    if (isOver()) return;
    if (fits.bytes(chunk.length)) cut(chunk);
    else refuse(`more than ${perSecond.bytes} bytes in a second`);
  };
}

/** Counts what comes in each second. */
function measure(clock: Clock): { line(): boolean; bytes(count: number): boolean } {
  let [fromMs, lines, bytes] = [clock.now(), 0, 0];
  const now = (): void => {
    if (clock.now() - fromMs < 1_000) return;
    [fromMs, lines, bytes] = [clock.now(), 0, 0];
  };
  return {
    line: () => {
      now();
      lines += 1;
      return lines <= perSecond.lines;
    },
    bytes: (count) => {
      now();
      bytes += count;
      return bytes <= perSecond.bytes;
    },
  };
}
