// The daemon's end of a link for tests: greets, orders, and keeps what the app says.
import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { lineCutter } from "../../src/protocol/lines.ts";
import type { AppReport, FromApp, Order, ToApp } from "../../src/protocol/link.ts";
import { encodeLink, parseFromApp } from "../../src/protocol/link-wire.ts";
import { healthy } from "./link.ts";

export type Said<Kind extends FromApp["kind"]> = Extract<FromApp, { kind: Kind }>;

export interface DaemonEnd {
  readonly messages: readonly FromApp[];
  readonly ended: boolean;
  of<Kind extends FromApp["kind"]>(kind: Kind): readonly Said<Kind>[];
  /** A line as it stands, or a message. */
  say(message: ToApp | string): void;
  welcome(run?: string, everyMs?: number): void;
  order(id: number, order: Order): void;
  close(): void;
}

/** Reads at once what the app says; `hangs` reads nothing. */
export function daemonEnd(
  stream: Duplex,
  { hangs = false }: { readonly hangs?: boolean } = {},
): DaemonEnd {
  const messages: FromApp[] = [];
  let ended = false;
  stream.on("error", () => {});
  for (const name of ["end", "close"]) {
    stream.on(name, () => {
      ended = true;
    });
  }
  const cut = lineCutter(
    (line) => messages.push(parseFromApp(line)),
    () => assert.fail("the app said a line that is too long"),
    1_048_576,
  );
  if (!hangs) stream.on("data", cut);
  const say = (message: ToApp | string): void => {
    stream.write(typeof message === "string" ? message : encodeLink(message));
  };
  return {
    messages,
    get ended() {
      return ended;
    },
    of: <Kind extends FromApp["kind"]>(kind: Kind) =>
      messages.filter((message): message is Said<Kind> => message.kind === kind),
    say,
    welcome: (run, everyMs = 1_000) =>
      say({ kind: "welcome", protocol: 1, everyMs, ...(run !== undefined && { run }) }),
    order: (id, order) => say({ kind: "order", id, order, by: "test" }),
    close: () => void stream.destroy(),
  };
}

/** The report of an app that is well. */
export function wellReport(over: Partial<AppReport> = {}): AppReport {
  return { ...healthy, figures: {}, ...over };
}
