// Who is admitted, who gives way to whom, and what becomes of reports and orders.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FakeTalk, fakeTalk, healthy, hello, sick } from "../../../test/support/link.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Order } from "../../protocol/link.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { createDesk, type Desk, type Seat } from "./desk.ts";

interface Bench {
  readonly clock: SimClock;
  readonly desk: Desk;
  /** Parent of each process. */
  readonly parents: Map<number, number>;
  readonly enter: (over?: Parameters<typeof hello>[0]) => {
    talk: FakeTalk;
    seat: Seat | undefined;
  };
}

/** web/1 is process 100, web/2 is not running, and nothing else is in the config. */
function bench(): Bench {
  const clock = simClock(50_000);
  const parents = new Map<number, number>();
  const descends = (pid: number, from: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === from || descends(parent, from));
  };
  const desk = createDesk({
    clock,
    isKnown: (target) => target === "web/1" || target === "web/2",
    leader: (target) =>
      target === "web/1" ? { pid: 100, startTicks: 1, bootId: "boot" } : undefined,
    belongs: (pid, leader) => pid === leader.pid || descends(pid, leader.pid),
    descends,
  });
  const enter: Bench["enter"] = (over) => {
    const talk = fakeTalk();
    return { talk, seat: desk.admit(hello(over), talk) };
  };
  return { clock, desk, parents, enter };
}

const code = (wanted: string, text: RegExp) => (error: unknown) =>
  error instanceof HomeostatError && error.code === wanted && text.test(error.message);

describe("admission", () => {
  test("an app of a running instance is welcome", () => {
    const { desk, enter } = bench();
    const { talk } = enter();
    assert.deepEqual(talk.told, [{ kind: "welcome", protocol: 1, everyMs: 1_000 }]);
    assert.equal(desk.app("web/1")?.hello.pid, 100);
  });

  const refusals: readonly (readonly [string, Parameters<typeof hello>[0], RegExp])[] = [
    ["another version", { protocol: 2 }, /speaks version 2 .* version 1: use the same version/],
    ["an instance nobody knows", { instance: "api/1" }, /asks for no api\/1/],
    ["a process that is not of it", { pid: 7 }, /process 7 does not belong to web\/1/],
  ];
  for (const [what, over, why] of refusals) {
    test(`${what} is refused, and told why`, () => {
      const { desk, enter } = bench();
      const { talk, seat } = enter(over);
      assert.match(talk.over ?? "", why);
      assert.deepEqual([seat, desk.apps()], [undefined, []]);
    });
  }

  test("an instance that is only being started may come back at once", () => {
    assert.equal(bench().enter({ instance: "web/2" }).talk.over, "");
  });

  test("a process that nobody supervises is listed and gives no readings", () => {
    const { desk, enter } = bench();
    const { instance: _, ...rest } = hello({ app: "night run", pid: 77 });
    const talk = fakeTalk();
    const seat = desk.admit(rest, talk);
    seat?.take({ kind: "report", report: healthy });
    assert.deepEqual(
      [desk.apps().map(({ target }) => target), desk.fresh()],
      [["night-run@77"], []],
    );
    for (let n = 0; n < 40; n++) desk.admit({ ...rest, pid: 1_000 + n }, fakeTalk());
    assert.equal(desk.apps().length, 32);
    assert.equal(enter().talk.told.length, 1, "an instance still finds a place");
  });

  test("a newer one wins, and what it started itself does not", () => {
    const { desk, parents, enter, clock } = bench();
    for (const pid of [101, 102]) parents.set(pid, 100);
    const first = enter({ pid: 101 });
    const second = enter({ pid: 102 });
    assert.match(first.talk.over ?? "", /process 102 has taken its place as web\/1/);
    first.seat?.leave();
    assert.equal(desk.app("web/1")?.hello.pid, 102, "who is gone takes nobody with it");
    parents.set(103, 102);
    assert.match(enter({ pid: 103 }).talk.over ?? "", /process 102 speaks for web\/1/);
    const again = enter({ pid: 102 });
    assert.deepEqual([second.talk.over, again.talk.over], ["", undefined]);
    return clock.advance(4_000).then(() => {
      assert.equal(
        enter({ pid: 103 }).talk.over,
        undefined,
        "the one before says nothing any more",
      );
    });
  });
});

describe("reports", () => {
  test("the latest one counts, is given out once, and ages", async () => {
    const { clock, desk, enter } = bench();
    const { seat } = enter();
    assert.deepEqual(desk.fresh(), []);
    seat?.take({ kind: "report", report: healthy });
    seat?.take({ kind: "report", report: sick });
    await clock.advance(300);
    assert.deepEqual(desk.fresh(), [{ target: "web/1", report: sick, ageMs: 300 }]);
    assert.deepEqual(desk.fresh(), []);
    assert.equal(desk.app("web/1")?.silent, false);
    await clock.advance(3_400);
    const { silent, reportAgeMs, report } = desk.app("web/1") ?? {};
    assert.deepEqual([silent, reportAgeMs, report], [true, 3_700, sick]);
    seat?.leave();
    assert.equal(desk.app("web/1"), undefined);
  });

  test("the latest 20 events are kept", () => {
    const { desk, enter } = bench();
    const { seat } = enter();
    for (let n = 0; n < 30; n++) {
      const event = { type: `t${n}`, source: "s", severity: "info", text: "", missed: 0 } as const;
      seat?.take({ kind: "event", ...event, time: "2026-11-21T03:00:00.000Z" });
    }
    const types = desk.app("web/1")?.events.map(({ type }) => type) ?? [];
    assert.deepEqual([types.length, types[0], types[19]], [20, "t10", "t29"]);
  });
});

describe("orders", () => {
  const drain: Order = { kind: "drain", on: true };

  test("an order is sent once it is told, and answered by its number", async () => {
    const { desk, enter } = bench();
    const { talk, seat } = enter();
    const steps: string[] = [];
    const before = (): void => void steps.push(`told when ${talk.told.length} were said`);
    const done = desk.order("web/1", drain, { by: "ann", before });
    seat?.take({ kind: "answer", id: 99, done: "of nobody" });
    seat?.take({ kind: "answer", id: 1, done: "drains" });
    assert.deepEqual(await done, { done: "drains" });
    assert.deepEqual(steps, ["told when 1 were said"]);
    assert.deepEqual(talk.told[1], { kind: "order", id: 1, order: drain, by: "ann" });
  });

  test("an app that cannot says why", async () => {
    const { desk, enter } = bench();
    const { seat } = enter();
    const done = desk.order("web/1", drain, { by: "ann" });
    seat?.take({ kind: "answer", id: 1, error: "there is no such thing", code: "UNKNOWN_ID" });
    await assert.rejects(
      done,
      code("ORDER_FAILED", /^web\/1: there is no such thing \(UNKNOWN_ID\)$/),
    );
    const other = desk.order("web/1", { kind: "do", name: "x" }, { by: "ann" });
    await assert.rejects(
      other,
      code("ORDER_FAILED", /does not take the order do; it takes drain, capture/),
    );
  });

  test("no answer ends the wait: 10 s, and 120 s for a capture", async () => {
    const { clock, desk, enter } = bench();
    enter();
    const capture: Order = { kind: "capture", what: "report", folder: "/x" };
    const ends: string[] = [];
    for (const order of [drain, capture]) {
      desk
        .order("web/1", order, { by: "ann" })
        .catch((error: HomeostatError) => ends.push(`${error.code} ${error.message}`));
    }
    await clock.advance(9_999);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    assert.deepEqual(ends, ['TIMED_OUT web/1 did not answer "drain on" within 10 s']);
    await clock.advance(110_000);
    assert.match(ends[1] ?? "", /^TIMED_OUT web\/1 did not answer "capture report"/);
    assert.equal(clock.pending, 0);
  });

  test("who has no link cannot be ordered, and nothing is told", async () => {
    const { desk, enter } = bench();
    const before = (): never => assert.fail("it was told");
    const none = desk.order("web/2", drain, { by: "ann", before });
    await assert.rejects(none, code("APP_ABSENT", /web\/2 has no link/));
    enter();
    const unknown = desk.order("wbe/1", drain, { by: "ann", before });
    await assert.rejects(unknown, code("UNKNOWN_ID", /there is no app wbe\/1; linked: web\/1/));
  });

  test("an app that goes away, or gives way, answers no more", async () => {
    const { clock, desk, enter } = bench();
    const first = enter();
    const one = desk.order("web/1", drain, { by: "ann" });
    const second = enter();
    await assert.rejects(one, code("APP_ABSENT", /web\/1 went away/));
    first.seat?.leave();
    const two = desk.order("web/1", drain, { by: "ann" });
    second.seat?.leave();
    await assert.rejects(two, code("APP_ABSENT", /web\/1 went away/));
    assert.equal(clock.pending, 0);
  });

  test("16 orders may wait", async () => {
    const { desk, enter } = bench();
    const { seat } = enter();
    const give = (): Promise<unknown> => desk.order("web/1", drain, { by: "ann" });
    const waiting = Array.from({ length: 16 }, give);
    await assert.rejects(give(), code("ORDER_FAILED", /16 orders that it has not answered/));
    seat?.leave();
    assert.equal((await Promise.allSettled(waiting)).length, 16);
  });
});
