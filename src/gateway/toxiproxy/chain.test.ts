// Each toxic on a simulated clock: which bytes pass when, what the end is, and what a change does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../testing/seeded.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createChain } from "./chain.ts";
import { kinds } from "./kinds.ts";
import type { Attributes, Toxic } from "./toxic.ts";

function toxic(type: string, attributes: Attributes, over: Partial<Toxic> = {}): Toxic {
  const kind = kinds.get(type);
  assert.ok(kind);
  const place = { stream: "downstream", direction: "downstream" } as const;
  return { kind, name: type, ...place, toxicity: 1, attributes, ...over };
}

/** What comes out, as "at:text" or "at:bytes" of long pieces. */
function scene(...toxics: readonly Toxic[]) {
  const clock = simClock();
  const out: string[] = [];
  const pieces: Buffer[] = [];
  const chain = createChain({
    clock,
    random: seeded(7),
    toxics,
    sink: {
      take(piece) {
        pieces.push(piece);
        out.push(`${clock.now()}:${piece.length > 20 ? piece.length : piece.toString()}`);
      },
      finish: (how) => void out.push(`${clock.now()}!${how}`),
    },
    onMoved: () => {},
  });
  const say = (text: string | Buffer): void => chain.take(Buffer.from(text), clock.now());
  return { clock, chain, say, out, pieces };
}

test("without toxics all passes at once", () => {
  const it = scene();
  it.say("a");
  it.chain.finish("end");
  assert.deepEqual(it.out, ["0:a", "0!end"]);
});

test("latency delays each piece from when it came, and the end until the last one", async () => {
  const it = scene(toxic("latency", { latency: 100, jitter: 0 }));
  it.say("a");
  await it.clock.advance(40);
  it.say("b");
  it.chain.finish("end");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["100:a", "140:b", "140!end"]);
});

test("two latencies add up, also for what comes close behind", async () => {
  const it = scene(
    toxic("latency", { latency: 100 }, { name: "one" }),
    toxic("latency", { latency: 100 }, { name: "two" }),
  );
  it.say("a");
  await it.clock.advance(50);
  it.say("b");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["200:a", "250:b"]);
});

test("jitter stays within its bounds, is not always the same, and keeps the order", async () => {
  const it = scene(toxic("latency", { latency: 100, jitter: 30 }));
  for (let i = 0; i < 50; i++) {
    it.say(String(i));
    await it.clock.advance(500);
  }
  const delays = it.out.map((line, i) => Number(line.split(":")[0]) - i * 500);
  assert.ok(Math.min(...delays) >= 70 && Math.max(...delays) < 130, delays.join());
  assert.ok(new Set(delays).size > 20);
  const close = scene(toxic("latency", { latency: 100, jitter: 100 }));
  for (let i = 0; i < 50; i++) close.say(`${i},`);
  await close.clock.advance(1_000);
  const order = Array.from({ length: 50 }, (_, i) => `${i},`).join("");
  assert.equal(Buffer.concat(close.pieces).toString(), order);
});

test("bandwidth lets a tenth of its rate through each 100 ms, and what is behind it waits", async () => {
  const it = scene(toxic("bandwidth", { rate: 10 }));
  it.say(Buffer.alloc(2_500));
  it.say("tail");
  it.chain.finish("end");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["100:1000", "200:1000", "250:500", "250:tail", "250!end"]);
  await it.clock.advance(1_000);
});

test("bandwidth of 0 stops all until the rate is raised", async () => {
  const it = scene(toxic("bandwidth", { rate: 0 }));
  it.say(Buffer.alloc(100_000));
  await it.clock.advance(60_000);
  assert.deepEqual([it.out, it.chain.isFull, it.clock.pending], [[], true, 0]);
  it.chain.update(toxic("bandwidth", { rate: 1_000 }));
  await it.clock.advance(100);
  assert.deepEqual([it.out, it.chain.isFull], [["60100:100000"], false]);
});

test("slow_close delays the end and nothing else", async () => {
  const it = scene(toxic("slow_close", { delay: 500 }));
  it.say("a");
  it.chain.finish("end");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["0:a", "500!end"]);
});

test("timeout drops all and closes when nothing came for so long", async () => {
  const it = scene(toxic("timeout", { timeout: 300 }));
  await it.clock.advance(200);
  it.say("a");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["500!close"]);
  const never = scene(toxic("timeout", { timeout: 0 }));
  never.say("a");
  await never.clock.advance(3_600_000);
  assert.deepEqual(never.out, []);
  never.chain.remove("timeout");
  assert.deepEqual(never.out, ["3600000!close"]);
});

test("reset_peer resets so long after the first byte, and not without one", async () => {
  const it = scene(toxic("reset_peer", { timeout: 200 }));
  await it.clock.advance(5_000);
  it.say("a");
  await it.clock.advance(100);
  it.say("b");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["5200!reset"]);
});

test("limit_data passes so many bytes in all, whatever it is told meanwhile", async () => {
  const it = scene(toxic("limit_data", { bytes: 10 }));
  it.say("123456");
  it.chain.update(toxic("limit_data", { bytes: 8 }));
  it.say("7890");
  it.say("more");
  assert.deepEqual(it.out, ["0:123456", "0:78", "0!close"]);
  const exact = scene(toxic("limit_data", { bytes: 3 }));
  exact.say("abc");
  assert.deepEqual(exact.out, ["0:abc", "0!close"]);
  const none = scene(toxic("limit_data", { bytes: 0 }));
  none.say("abc");
  assert.deepEqual(none.out, ["0!close"]);
});

test("slicer cuts into pieces of about its size, with microseconds between them", async () => {
  const it = scene(toxic("slicer", { average_size: 100, size_variation: 20, delay: 10_000 }));
  const data = Buffer.from(Array.from({ length: 5_000 }, (_, i) => i % 251));
  it.say(data);
  await it.clock.advance(2_000);
  const sizes = it.pieces.map(({ length }) => length).slice(0, -1);
  assert.ok(Math.min(...sizes) >= 80 && Math.max(...sizes) < 120, sizes.join());
  assert.ok(Buffer.concat(it.pieces).equals(data));
  const times = it.out.map((line) => Number(line.split(":")[0]));
  assert.deepEqual(
    times,
    times.map((_, i) => i * 10),
  );
  const fine = scene(toxic("slicer", { average_size: 0, size_variation: 0, delay: 100 }));
  fine.say("x".repeat(30));
  await fine.clock.advance(3);
  assert.equal(fine.pieces.length, 30);
});

test("toxicity spares connections, and a change throws the dice anew", () => {
  let slowed = 0;
  const random = seeded(3);
  for (let i = 0; i < 1_000; i++) {
    const out: string[] = [];
    const sink = { take: () => void out.push("a"), finish: () => {} };
    const toxics = [toxic("latency", { latency: 100 }, { toxicity: 0.3 })];
    const chain = createChain({ clock: simClock(), random, toxics, sink, onMoved: () => {} });
    chain.take(Buffer.from("a"), 0);
    if (out.length === 0) slowed++;
    chain.stop();
  }
  assert.ok(slowed > 250 && slowed < 350, `${slowed} of 1000`);
  const it = scene(toxic("latency", { latency: 100 }, { toxicity: 0 }));
  it.say("a");
  it.chain.update(toxic("latency", { latency: 100 }));
  it.say("b");
  assert.deepEqual(it.out, ["0:a"]);
});

test("toxics are passed in the order of adding, also by the end", async () => {
  const it = scene(
    toxic("limit_data", { bytes: 4 }),
    toxic("latency", { latency: 100 }),
    toxic("slow_close", { delay: 50 }),
  );
  it.say("abcdef");
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["100:abcd", "150!close"]);
});

test("what is added later stands behind, what changes counts from when a piece came", async () => {
  const it = scene(toxic("latency", { latency: 1_000 }));
  it.say("a");
  await it.clock.advance(100);
  it.chain.add(toxic("limit_data", { bytes: 3 }));
  it.say("bcdef");
  it.chain.update(toxic("latency", { latency: 150 }));
  await it.clock.advance(1_000);
  assert.deepEqual(it.out, ["150:a", "250:bc", "250!close"]);
});

test("removing a toxic lets go at once what it held, and the end behind it", async () => {
  const it = scene(toxic("latency", { latency: 10_000 }), toxic("slow_close", { delay: 5_000 }));
  it.say("a");
  it.chain.finish("end");
  await it.clock.advance(10);
  it.chain.remove("latency");
  assert.deepEqual(it.out, ["10:a"]);
  it.chain.remove("slow_close");
  assert.deepEqual(it.out, ["10:a", "10!end"]);
  assert.equal(it.clock.pending, 0);
});

test("a connection that is over leaves no timer", async () => {
  const it = scene(
    toxic("latency", { latency: 1_000 }),
    toxic("timeout", { timeout: 1_000 }),
    toxic("slow_close", { delay: 1_000 }),
  );
  it.say("a");
  it.chain.stop();
  it.chain.remove("timeout");
  await it.clock.advance(10);
  assert.deepEqual([it.out, it.clock.pending], [[], 0]);
});

test("a stage is full beyond its room: latency holds 32 MiB, the others 64 KiB", async () => {
  const it = scene(toxic("latency", { latency: 100 }), toxic("bandwidth", { rate: 1_000 }));
  for (let i = 0; i < 513; i++) it.say(Buffer.alloc(65_536));
  assert.equal(it.chain.isFull, true);
  it.chain.remove("latency");
  it.chain.remove("bandwidth");
  assert.equal(it.chain.isFull, false);
  assert.equal(Buffer.concat(it.pieces).length, 513 * 65_536);
});
