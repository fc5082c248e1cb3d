// The source suite itself: a sound kind passes it, and each planted fault is caught by its check.
import assert from "node:assert/strict";
import { it } from "node:test";
import { every } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { metrics, type Reading, reading } from "../model/reading.ts";
import type { Source, SourceContext } from "../sources/source.ts";
import { failing } from "./planted.ts";
import { type Look, type SourceUnderTest, sourceChecks } from "./source-conformance.ts";

type Start = (look: Look, ctx: SourceContext) => Promise<void>;
type Make = (look: Look) => Source;

const underTest = (make: Make): SourceUnderTest => ({ make, emitsWithinMs: 1_000, waits: true });

/** A kind that starts as it is told here. */
const starting =
  (start: Start, name = "queue"): Make =>
  (look) => ({ name, start: (ctx) => start(look, ctx) });

const depthAt = (atMs: number, value = 7): Reading =>
  reading("queue", { name: "queue.depth", unit: "count" }, value, atMs);

/** Looks, and emits what it saw; or says that it saw nothing. */
async function lookOnce(look: Look, { clock, log, signal, emit }: SourceContext): Promise<void> {
  try {
    await look();
  } catch (error) {
    log.warn("the queue does not answer", { error: messageOf(error) });
    return;
  }
  if (!signal.aborted) emit([depthAt(clock.now())]);
}

const soundly: Start = (look, ctx) =>
  every(ctx.clock, 1_000, ctx.signal, () => lookOnce(look, ctx));

const sound = starting(soundly);

/** The sound one, whose readings are changed on their way. */
const emitting = (change: (seen: Reading, wallMs: number) => readonly Reading[]): Make =>
  starting((look, ctx) => {
    const changed = (it: Reading): readonly Reading[] => change(it, ctx.clock.wall());
    return soundly(look, { ...ctx, emit: (readings) => ctx.emit(readings.flatMap(changed)) });
  });

const tiring = starting(async (look, ctx) => {
  const { clock, signal } = ctx;
  const endMs = clock.now() + 12_000;
  await every(clock, 1_000, signal, async () => {
    if (clock.now() < endMs) await lookOnce(look, ctx);
  });
});

const crowding = starting((look, ctx) =>
  every(ctx.clock, 1_000, ctx.signal, () => void lookOnce(look, ctx)),
);

const sleeping = starting(async (look, ctx) => {
  while (!ctx.signal.aborted) {
    await ctx.clock.sleep(1_000);
    if (!ctx.signal.aborted) await lookOnce(look, ctx);
  }
});

const rejecting = starting(async (look, ctx) => {
  await soundly(look, ctx);
  throw new Error("aborted");
});

const deaf = starting((look, ctx) => {
  const { signal } = new AbortController();
  return soundly(look, { ...ctx, signal });
});

const late = starting((look, ctx) => {
  const { signal } = new AbortController();
  return every(ctx.clock, 1_000, ctx.signal, () => lookOnce(look, { ...ctx, signal }));
});

const inventing = starting((look, ctx) =>
  every(ctx.clock, 1_000, ctx.signal, async () => {
    let value = 7;
    try {
      await look();
    } catch (error) {
      ctx.log.warn(messageOf(error));
      value = 0;
    }
    if (!ctx.signal.aborted) ctx.emit([depthAt(ctx.clock.now(), value)]);
  }),
);

const mute = starting((look, ctx) =>
  soundly(look, { ...ctx, log: { ...ctx.log, warn: () => {} } }),
);

const sulking = starting((look, ctx) => {
  let sulks = false;
  const warn = (): void => {
    sulks = true;
  };
  const mood = { ...ctx, log: { ...ctx.log, warn } };
  return every(ctx.clock, 1_000, ctx.signal, async () => {
    if (!sulks) await lookOnce(look, mood);
  });
});

const all = sourceChecks.map(([says]) => says);
const [named = "", soundOnes = "", goesOn = "", order = "", ends = ""] = all;
const [never = "", whileAsking = "", tells = "", survives = ""] = all.slice(5);

const faults: Readonly<Record<string, readonly [Make, ...caughtBy: string[]]>> = {
  "it has no name": [starting(soundly, ""), named],
  "it emits what is no number": [emitting((it) => [{ ...it, value: Number.NaN }]), soundOnes],
  "it gives a metric of ours another unit": [
    emitting((it) => [{ ...it, metric: metrics.rss.name }]),
    soundOnes,
  ],
  "it tells the time of the wall": [emitting((it, wallMs) => [{ ...it, atMs: wallMs }]), soundOnes],
  "it emits nothing": [emitting(() => []), soundOnes, goesOn, survives],
  "it falls silent after a while": [tiring, goesOn],
  "it emits an older reading after a newer one": [
    emitting((it) => [it, { ...it, atMs: it.atMs - 500 }]),
    order,
  ],
  "it asks again while it is asking": [crowding, order],
  "it ends with the next interval only": [sleeping, ends],
  "it rejects when it is told to end": [rejecting, ends, never, whileAsking],
  "it never ends": [deaf, ends, never, whileAsking],
  "it emits what came too late": [late, whileAsking],
  "it takes no data for a zero": [inventing, tells],
  "it swallows why it sees nothing": [mute, tells],
  "it sulks after a failure": [sulking, tells, survives],
};

it("a sound source passes", async () => {
  assert.deepEqual(await failing(sourceChecks, () => underTest(sound)), []);
});

it("a sound source that reads at once passes, and skips what it cannot meet", async () => {
  const skipped: string[] = [];
  for (const [says, holds] of sourceChecks) {
    await holds({ ...underTest(sound), waits: false }, () => skipped.push(says));
  }
  assert.deepEqual(skipped, [whileAsking]);
});

for (const [fault, [make, ...caughtBy]] of Object.entries(faults)) {
  it(`the source suite catches it: ${fault}`, async () => {
    assert.deepEqual(await failing(sourceChecks, () => underTest(make)), caughtBy);
  });
}

it("each check of the source suite has caught a fault", () => {
  const caught = new Set(Object.values(faults).flatMap(([, ...caughtBy]) => caughtBy));
  assert.deepEqual(
    all.filter((says) => !caught.has(says)),
    [],
  );
});
