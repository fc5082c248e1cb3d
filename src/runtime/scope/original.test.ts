// The tests of the original exception handler, whose asserts were never called; each can fail here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyOursHolds } from "../../../test/support/fault.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { createLog } from "../../kernel/log.ts";
import { simClock } from "../../testing/sim-clock.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { MessageSocket } from "./attach.ts";
import { createScope } from "./scope.ts";

/** What zeromq throws: an errno and its words. */
class ZmqError extends Error {
  override readonly name = "ZMQError";
  readonly errno = 11;
}

/** As ContextTerminated: what a blocked call of a socket throws when the context ends. */
class ContextTerminated extends Error {
  override readonly name = "AbortError";
}

/** What became of one use of the handler. */
interface Seen {
  raised: unknown;
  readonly errors: string[];
  readonly debug: string[];
  readonly captured: unknown[];
  readonly deaths: unknown[];
  readonly calls: string[];
}

type Body = (socket: MessageSocket, terminate: () => void) => unknown;

/** Opens a socket of this type, hands it to the body, and answers for what the body throws. */
type Handle = (body: Body, andRaise?: boolean) => Promise<Seen>;

function sight(): { readonly seen: Seen; readonly socket: MessageSocket } {
  const seen: Seen = {
    ...{ raised: undefined, errors: [], debug: [], captured: [], deaths: [], calls: [] },
  };
  const call = (what: string) => (): void => void seen.calls.push(what);
  const socket = { bind: call("bind"), connect: call("connect"), close: call("close") };
  return { seen, socket };
}

const ours: Handle = async (body, andRaise = false) => {
  const { seen, socket } = sight();
  const root = new AbortController();
  const terminate = (): void => root.abort(new HomeostatError("CANCELLED", "the app is stopping"));
  const stopping: Stopping = {
    signal: root.signal,
    get stopping() {
      return root.signal.aborted;
    },
    die: (cause) => void seen.deaths.push(cause),
    sleep: () => Promise.reject(new Error("not needed here")),
    onStop: () => ({ [Symbol.dispose]: () => {} }),
  };
  const log = createLog({
    level: "debug",
    wall: () => 0,
    write: ({ level, message }) => {
      (level === "debug" ? seen.debug : seen.errors).push(`${level} ${message}`);
    },
  });
  const capture = (error: unknown): boolean => seen.captured.push(error) > 0;
  const scope = createScope({ clock: simClock(), log, stopping, capture });
  try {
    await scope({ name: "relay", andRaise, shutdownOnError: true }, async (context) => {
      await context.attach(socket, "inproc://app", "PULL");
      return body(socket, terminate);
    });
  } catch (error) {
    seen.raised = error;
  }
  return seen;
};

interface Slips {
  readonly logsAlways?: boolean;
  readonly knowsNoTermination?: boolean;
  readonly capturesNothing?: boolean;
  readonly logsNothing?: boolean;
  readonly raisesNothing?: boolean;
}

/** The handler of the original with one slip each, which its own tests would not have found. */
const slipping =
  (slips: Slips): Handle =>
  async (body, andRaise = false) => {
    const { seen, socket } = sight();
    socket.bind("inproc://app");
    let error: unknown;
    try {
      await body(socket, () => {});
    } catch (thrown) {
      error = thrown;
    }
    socket.close();
    const isTermination = error instanceof ContextTerminated && !slips.knowsNoTermination;
    if (isTermination) seen.debug.push(`debug ${messageOf(error)}`);
    else if (error !== undefined || slips.logsAlways) {
      if (!slips.logsNothing) seen.errors.push(`error scope relay: ${messageOf(error)}`);
      if (!slips.capturesNothing) seen.captured.push(error);
      if (error !== undefined) seen.deaths.push(error);
      if (andRaise && !slips.raisesNothing) seen.raised = error;
    }
    return seen;
  };

interface Original {
  readonly name: string;
  readonly holds: (handle: Handle) => Promise<void>;
  /** A handler that fails it, and what it says then. */
  readonly slips: readonly (readonly [slip: Slips, shows: RegExp])[];
}

const logged = (error: Error) => async (handle: Handle) => {
  const fails: Body = () => {
    throw error;
  };
  const seen = await handle(fails);
  assert.deepEqual(seen.errors, [`error scope relay: ${error.message}`], "logged once");
  assert.deepEqual(seen.captured, [error], "captured once");
  assert.deepEqual(seen.deaths, [error], "the app dies of it");
  assert.deepEqual(seen.calls, ["bind", "close"], "the socket is closed");
  assert.equal(seen.raised, undefined, "and_raise=False");
  assert.equal((await handle(fails, true)).raised, error, "and_raise=True");
};

const anySlip: Original["slips"] = [
  [{ logsNothing: true }, /logged once/],
  [{ capturesNothing: true }, /captured once/],
  [{ raisesNothing: true }, /and_raise=True/],
];

const originals: readonly Original[] = [
  {
    name: "test_exception_handler: no exception, nothing is logged and nothing captured",
    holds: async (handle) => {
      const seen = await handle(() => "done", true);
      assert.deepEqual(seen.errors, [], "nothing is logged");
      assert.deepEqual([seen.captured, seen.deaths, seen.raised], [[], [], undefined]);
      assert.deepEqual(seen.calls, ["bind", "close"]);
    },
    slips: [[{ logsAlways: true }, /nothing is logged/]],
  },
  {
    name: "test_exception_handler: ContextTerminated is not logged as an error, and swallowed",
    holds: async (handle) => {
      const terminates: Body = (_socket, terminate) => {
        terminate();
        throw new ContextTerminated("Context was terminated");
      };
      for (const andRaise of [false, true]) {
        const seen = await handle(terminates, andRaise);
        assert.deepEqual(seen.errors, [], "not logged as an error");
        assert.equal(seen.debug.length, 1, "said for who looks closely");
        assert.deepEqual([seen.captured, seen.deaths, seen.raised], [[], [], undefined]);
        assert.deepEqual(seen.calls, ["bind", "close"]);
      }
    },
    slips: [[{ knowsNoTermination: true }, /not logged as an error/]],
  },
  {
    name: "test_exception_handler: ZMQError is logged and captured",
    holds: logged(new ZmqError("Resource temporarily unavailable")),
    slips: anySlip,
  },
  {
    name: "test_exception_handler: ValueError is logged and captured",
    holds: logged(new RangeError("invalid literal")),
    slips: anySlip,
  },
];

for (const { name, holds, slips } of originals) {
  test(name, async () => {
    for (const [slip, shows] of slips) {
      const imitation = (): Handle => slipping(slip);
      await onlyOursHolds<Handle>({ imitation, ours: () => ours, shows }, holds);
    }
    // The slips are what it fails by: the handler that makes none passes.
    await holds(slipping({}));
  });
}
