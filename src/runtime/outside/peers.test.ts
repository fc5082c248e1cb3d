// The silence of peers, devices and jobs: told once, never because our own time stood still or jumped.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keptBus, keptLog, keptMetrics } from "../../../test/support/outside-world.ts";
import type { Clock } from "../../kernel/clock.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { type PeerHeartbeatsOptions, peerHeartbeats } from "./peers.ts";

function world(options: Partial<PeerHeartbeatsOptions> = {}) {
  const sim = simClock();
  const moved = { now: 0, wall: 0 };
  const clock: Clock = {
    now: () => sim.now() + moved.now,
    wall: () => sim.wall() + moved.wall,
    sleep: (ms, signal) => sim.sleep(ms, signal),
  };
  const bus = keptBus();
  const kept = keptLog();
  const { metrics, value } = keptMetrics();
  const peers = peerHeartbeats({
    maxSilentMs: 60_000,
    clock,
    bus,
    metrics,
    log: kept.log,
    ...options,
  });
  const told = (): readonly string[] => bus.told.map(({ type, source }) => `${type} ${source}`);
  return { sim, moved, peers, bus, kept, told, value };
}

describe("a peer", () => {
  test("that falls silent is told once, and once when it is back", async () => {
    const { sim, peers, bus, kept, told, value } = world();
    peers.seen("dev-7");
    peers.seen("dev-8");
    for (let i = 0; i < 10; i++) {
      await sim.advance(30_000);
      peers.seen("dev-8");
    }
    assert.deepEqual(told(), ["peer.silent dev-7"]);
    const [silent] = bus.told;
    assert.equal(silent?.severity, "warning");
    assert.deepEqual(silent?.data, { silentMs: 61_000, maxSilentMs: 60_000, never: false });
    assert.equal(value("peer_silence_max_seconds"), 300);
    assert.equal(value("peers_silent"), 1);
    assert.equal(value("peers_watched"), 2);
    peers.seen("dev-7");
    assert.deepEqual(told(), ["peer.silent dev-7", "peer.back dev-7"]);
    assert.deepEqual(bus.told[1]?.data, { silentMs: 300_000, maxSilentMs: 60_000, never: false });
    assert.deepEqual(kept.said("warn"), ["peer dev-7 is silent for 1 min 1 s"]);
    assert.deepEqual(kept.said("info"), ["peer dev-7 is back after 5 min"]);
    assert.equal(value("peers_silent"), 0);
  });

  test("that is expected and never comes is silent too; one that is awaited is not", async () => {
    const { sim, peers, told, bus } = world({ expected: ["backup", "dev-1"] });
    assert.ok(peers.expect("backup", 900_000));
    assert.deepEqual(
      peers.list().map(({ state }) => state),
      ["awaited", "awaited"],
    );
    await sim.advance(800_000);
    assert.deepEqual(told(), ["peer.silent dev-1"]);
    assert.deepEqual(bus.told[0]?.data, { silentMs: 61_000, maxSilentMs: 60_000, never: true });
    await sim.advance(200_000);
    assert.deepEqual(told(), ["peer.silent dev-1", "peer.silent backup"]);
  });

  test("that is removed is no longer waited for", async () => {
    const { sim, peers, told } = world({ expected: ["dev-1"] });
    peers.seen("dev-2");
    assert.equal(peers.remove("dev-1"), true);
    assert.equal(peers.remove("dev-1"), false);
    peers.remove("dev-2");
    await sim.advance(300_000);
    assert.deepEqual(told(), []);
    peers.seen("dev-3");
    peers[Symbol.dispose]();
    await sim.advance(300_000);
    assert.deepEqual(told(), []);
    assert.equal(sim.pending, 0);
  });

  test("whose message waited was heard from when it came; an old one does not bring it back", async () => {
    const { sim, peers, told } = world();
    peers.seen("dev-7");
    await sim.advance(50_000);
    peers.seen("dev-7", 40_000);
    peers.seen("dev-7", 1);
    peers.seen("dev-7", 30_000);
    await sim.advance(49_000);
    assert.deepEqual(told(), []);
    await sim.advance(2_000);
    assert.deepEqual(told(), ["peer.silent dev-7"]);
    peers.seen("dev-7", 40_500);
    assert.equal(told().length, 1);
    peers.seen("dev-7", 1e12);
    assert.equal(told().length, 2);
    assert.equal(peers.list()[0]?.silentMs, 0);
  });
});

describe("time", () => {
  test("that jumps on the wall, by hours in both directions, raises no alarm", async () => {
    const { sim, moved, peers, told } = world();
    for (const jump of [7_200_000, -86_400_000, 31_536_000_000]) {
      peers.seen("dev-7");
      moved.wall += jump;
      await sim.advance(50_000);
    }
    assert.deepEqual(told(), []);
  });

  test("in which this machine was suspended is nobody's silence, and hides none", async () => {
    const { sim, moved, peers, told, value } = world();
    peers.seen("dev-7");
    await sim.advance(50_000);
    moved.now += 8 * 3_600_000;
    await sim.advance(9_000);
    assert.deepEqual(told(), []);
    assert.ok(value("peer_silence_max_seconds") < 60);
    await sim.advance(3_000);
    assert.deepEqual(told(), ["peer.silent dev-7"], "silent for 61 s of our own time");
  });

  test("of a busy event loop, again and again, is credited each time", async () => {
    const { sim, moved, peers, told } = world();
    peers.seen("dev-7");
    for (let i = 0; i < 40; i++) {
      await sim.advance(1_000);
      moved.now += 5_000;
    }
    assert.deepEqual(told(), []);
  });
});

describe("limits", () => {
  test("so many peers at most: the known stay, the others are told of once", async () => {
    const { peers, kept } = world({ maxPeers: 2, expected: ["dev-1"] });
    assert.deepEqual(
      [1, 2, 3, 4, 1].map((n) => peers.seen(`dev-${n}`)),
      [true, true, false, false, true],
    );
    assert.deepEqual(kept.said("warn"), [
      "2 peers are watched; others are left out, such as dev-3",
    ]);
    assert.equal(peers.expect("dev-5"), false);
    peers.remove("dev-2");
    assert.equal(peers.seen("dev-3"), true);
    for (const none of ["", "x".repeat(201), undefined])
      assert.equal(peers.seen(none as string), false);
    assert.equal(peers.list().length, 2);
  });

  test("options that cannot be are said at once", () => {
    const wrong: readonly Partial<PeerHeartbeatsOptions>[] = [
      { maxSilentMs: 0 },
      { maxSilentMs: Number.POSITIVE_INFINITY },
      { expected: [""] },
      { expected: ["a", "b"], maxPeers: 1 },
      { everyMs: 0 },
    ];
    for (const each of wrong) assert.throws(() => world(each), { code: "OPTION_INVALID" });
    assert.throws(() => peerHeartbeats({} as PeerHeartbeatsOptions), { code: "OPTION_INVALID" });
    assert.throws(() => world().peers.expect("a", -1), { code: "OPTION_INVALID" });
  });
});
