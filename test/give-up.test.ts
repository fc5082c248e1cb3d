// A process that never stays up: the quick restarts come to an end, in the daemon and in the app.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../src/testing/seeded.ts";
import { FakeChild, watchdogWorld } from "./process/support/watchdog-world.ts";
import { onlyOursHolds } from "./support/fault.ts";
import { story } from "./support/story.ts";

/** Longer than the window in which the daemon counts. */
const playMs = 20 * 60_000;

/** Plays a process that lives so many milliseconds each time: its starts, and the last words. */
type Play = (livesMs: number) => Promise<{ readonly starts: number; readonly said: string }>;

/** supervisord: startretries count in BACKOFF only, and who outlived startsecs begins anew. */
const supervisord: Play = async (livesMs) => {
  const [startMs, startRetries] = [1_000, 3];
  let [nowMs, starts, retries] = [0, 0, 0];
  while (nowMs < playMs) {
    starts += 1;
    nowMs += livesMs;
    if (livesMs >= startMs) {
      retries = 0;
      continue;
    }
    retries += 1;
    if (retries > startRetries) return { starts, said: "gave up: app entered FATAL state" };
    nowMs += retries * 1_000;
  }
  return { starts, said: "exited: app (exit status 1; not expected)" };
};

const daemon: Play = async (livesMs) => {
  const it = story({ services: { app: { command: ["app"] } }, healing: { mode: "auto" } });
  const untilMs = it.nowMs + playMs;
  let starts = 1;
  let endsAtMs = it.nowMs;
  while (it.nowMs < untilMs) {
    if (it.nowMs >= endsAtMs) {
      it.exit("app/1", 1);
      endsAtMs = Number.POSITIVE_INFINITY;
    }
    if (it.of("action.intended").length > it.of("action.started").length) {
      const { kind } = it.perform();
      if (kind === "start") {
        starts += 1;
        endsAtMs = it.nowMs + livesMs;
        it.ready("app/1");
      }
    }
    it.pass(0.25);
  }
  const refusals = Object.values(it.mind.state.incidents).flatMap((one) => one.refusals);
  return { starts, said: refusals.map(({ why }) => why.text).join("; ") };
};

const inTheApp: Play = async (livesMs) => {
  const { watch, clock, said } = watchdogWorld({ random: seeded(1) });
  let starts = 0;
  const make = (): FakeChild => {
    starts += 1;
    const child = new FakeChild();
    void clock.sleep(livesMs).then(() => child.exit(1));
    return child;
  };
  watch.child("app", make, { policy: "restart", restart: { whenSpent: "ignore" } });
  await clock.advance(playMs);
  return { starts, said: said("error").join("; ") };
};

async function givesUp(ours: Play): Promise<void> {
  const subjects = { imitation: () => supervisord, ours: () => ours };
  const shows = /800 starts in 20 minutes/;
  await onlyOursHolds<Play>({ ...subjects, shows }, async (play) => {
    for (const livesMs of [250, 1_500]) {
      const { starts, said } = await play(livesMs);
      // Eight quick ones, and one every five minutes after that.
      assert.ok(starts <= 12, `${starts} starts in 20 minutes`);
      assert.ok(starts >= 4, `only ${starts} starts`);
      assert.match(said, /g[ai]ven? up/);
    }
  });
}

test("fault: supervisord EXITED restarts unlimited (the daemon)", () => givesUp(daemon));

test("fault: supervisord EXITED restarts unlimited (the app's watchdog)", () => givesUp(inTheApp));
