// The notifier suite itself: a sound kind passes it, and each planted fault is caught by its check.
import assert from "node:assert/strict";
import { it } from "node:test";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { cancelled } from "../kernel/errors.ts";
import type { Notice, Notifier } from "../notifiers/notifier.ts";
import { type NotifierUnderTest, notifierChecks } from "./notifier-conformance.ts";
import { failing } from "./planted.ts";
import { simClock } from "./sim-clock.ts";

type Post = (message: string, signal: AbortSignal) => Promise<void>;

/** Ways for a message to go: it arrives, is refused, or is never answered. */
interface Posts {
  readonly good: Post;
  readonly refused: Post;
  readonly unanswered: Post;
  readonly arrived: readonly string[];
}

function posts(): Posts {
  const arrived: string[] = [];
  return {
    arrived,
    good: async (message) => {
      await Promise.resolve();
      arrived.push(message);
    },
    refused: async () => {
      throw new Error("401: the token is not valid");
    },
    unanswered: (_, signal) =>
      new Promise((_resolve, reject) => {
        const end = (): void => reject(cancelled(signal.reason));
        if (signal.aborted) end();
        else signal.addEventListener("abort", end, { once: true });
      }),
  };
}

type Make = (post: Post) => Notifier;

/** Loses its patience in a few turns of the event loop. */
const impatient: Clock = { ...systemClock, sleep: () => simClock().advance(0) };

const underTest = (make: Make, more: Partial<NotifierUnderTest> = {}): NotifierUnderTest => {
  const { good, refused, unanswered, arrived } = posts();
  return {
    notifier: make(good),
    unreachable: make(refused),
    silent: make(unanswered),
    received: () => arrived,
    clock: impatient,
    ...more,
  };
};

const write = ({ title, text, over }: Notice): string => `${over ? "over: " : ""}${title}\n${text}`;

/** A kind of one post, sent as `send` says. */
const sending =
  (send: (post: Post) => Notifier["send"], name = "chat"): Make =>
  (post) => ({ name, send: send(post) });

const sound = sending(
  (post) =>
    async (notice, { signal }) =>
      post(write(notice), signal),
);

const throwing = sending((post) => (notice, { signal }) => {
  if (notice.text.length > 50_000) throw new RangeError("the text is too long");
  return post(write(notice), signal);
});

const changing = sending((post) => async (notice, { signal }) => {
  Object.assign(notice, { title: `[homeostat] ${notice.title}` });
  await post(write(notice), signal);
});

/** What is sent while a message is under way replaces what was to come after it. */
const replacing = sending((post) => {
  let next: Notice | undefined;
  return async (notice, { signal }) => {
    next = notice;
    await Promise.resolve();
    const latest = next;
    await post(write(latest), signal);
  };
});

/** What came last goes first. */
const overtaking = sending((post) => {
  const waiting: Notice[] = [];
  return async (notice, { signal }) => {
    waiting.push(notice);
    await Promise.resolve();
    const next = waiting.pop();
    if (next) await post(write(next), signal);
  };
});

const [named = "", tells = "", calmly = "", many = "", constant = ""] = notifierChecks.map(
  ([says]) => says,
);
const [words = "", rejects = "", givesUp = "", atOnce = "", newest = "", end = ""] = notifierChecks
  .slice(5)
  .map(([says]) => says);

const faults: Readonly<Record<string, readonly [Make, ...caughtBy: string[]]>> = {
  "it has no name": [
    sending(
      (post) =>
        async (notice, { signal }) =>
          post(write(notice), signal),
      "",
    ),
    named,
  ],
  "it sends the title only": [
    sending(
      (post) =>
        async (notice, { signal }) =>
          post(notice.title, signal),
    ),
    ...[tells, calmly, end],
  ],
  "it sends two messages": [
    sending((post) => async (notice, { signal }) => {
      await post(write(notice), signal);
      await post(write(notice), signal);
    }),
    ...[tells, many, words, newest, end],
  ],
  "it keeps what is not urgent to itself": [
    sending((post) => async (notice, { signal }) => {
      if (notice.urgent) await post(write(notice), signal);
    }),
    calmly,
  ],
  "it tells the last of many": [replacing, many, newest],
  "it tells the newest first": [overtaking, newest],
  "it does not know an end": [
    sending(
      (post) =>
        async ({ title, text }, { signal }) =>
          post(`${title}\n${text}`, signal),
    ),
    end,
  ],
  "it keeps an end to itself": [
    sending((post) => async (notice, { signal }) => {
      if (!notice.over) await post(write(notice), signal);
    }),
    end,
  ],
  "it changes the notice": [changing, constant],
  "it throws before it gives a promise": [throwing, words],
  "it drops what it cannot write": [
    sending((post) => async (notice, { signal }) => {
      if (notice.text.trim() !== "") await post(write(notice), signal);
    }),
    words,
  ],
  "it says that it told when it could not": [
    sending((post) => async (notice, { signal }) => {
      await post(write(notice), signal).catch(() => {});
    }),
    ...[rejects, givesUp],
  ],
  "it waits for ever": [
    sending((post) => async (notice) => post(write(notice), new AbortController().signal)),
    ...[givesUp, atOnce],
  ],
  "it does not say why": [
    sending((post) => async (notice, { signal }) => {
      await post(write(notice), signal).catch(() => Promise.reject(" "));
    }),
    rejects,
  ],
};

it("a sound notifier passes", async () => {
  assert.deepEqual(await failing(notifierChecks, () => underTest(sound)), []);
});

it("a kind that always reaches somebody at once skips what it cannot meet", async () => {
  const { unreachable: _, silent: __, ...rest } = underTest(sound);
  const skipped: string[] = [];
  for (const [says, holds] of notifierChecks.slice(6, 8)) {
    await holds(rest, () => skipped.push(says));
  }
  assert.deepEqual(skipped, [rejects, givesUp]);
});

for (const [fault, [make, ...caughtBy]] of Object.entries(faults)) {
  it(`the notifier suite catches it: ${fault}`, async () => {
    assert.deepEqual(await failing(notifierChecks, () => underTest(make)), caughtBy);
  });
}

it("each check of the notifier suite has caught a fault", () => {
  const caught = new Set(Object.values(faults).flatMap(([, ...caughtBy]) => caughtBy));
  const idle = notifierChecks.map(([says]) => says).filter((says) => !caught.has(says));
  assert.deepEqual(idle, []);
});
