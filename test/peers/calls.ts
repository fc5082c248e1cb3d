// The defects of timeouts, retries and signals: aborts that are not heard, calls killed for nothing.
import {
  type Guard,
  type Library,
  notApplicable,
  type Scenario,
  type Verdict,
  verdict,
} from "./library.ts";
import { type Stalled, served, stalled } from "./stalls.ts";
import { calls, outcome, pending, settle, wait, works } from "./steps.ts";

const noSignals = notApplicable("gives no signals");
const noCaller = notApplicable("takes no signal of the caller");

async function abortInBackoff(library: Library): Promise<Verdict> {
  const guard = library.retry({ retries: 2, delayMs: 500 });
  if (!guard.takesSignal) return noCaller;
  const caller = new AbortController();
  let made = 0;
  const run = outcome(
    guard.run(async () => {
      made += 1;
      throw new Error("bad");
    }, caller.signal),
  );
  await wait(50);
  caller.abort(new Error("enough"));
  const atOnce = await Promise.race([run.then(() => true), wait(200).then(() => false)]);
  await wait(500);
  const when = atOnce ? "ends at once" : "ends with the back-off";
  return verdict(atOnce && made === 1, made === 1 ? when : `${when}, runs the work again`);
}

async function othersAborted(library: Library): Promise<Verdict> {
  if (!library.timeout(1).givesSignal) return noSignals;
  for (let tries = 0; tries < 5; tries++) {
    const guard = library.timeout(150);
    const hung = outcome(guard.run(() => new Promise(() => {})));
    await wait(100);
    const other = pending();
    let signal: AbortSignal | undefined;
    let ended = false;
    const run = outcome(
      guard.run((given) => {
        signal = given.signal;
        return other.work(given);
      }),
    ).then(() => {
      ended = true;
    });
    await hung;
    await settle();
    // The machine stood still for so long that the other call's time was over, too.
    if (ended) continue;
    const others = signal?.aborted === true;
    let next = false;
    await outcome(
      guard.run(async (given) => {
        next = given.signal?.aborted === true;
      }),
    );
    other.end(true);
    await run;
    if (!others && !next) return verdict(true, "aborts the call that timed out, no other");
    return verdict(false, `aborts calls in flight: ${others}; the next begins aborted: ${next}`);
  }
  return verdict(false, "both calls timed out five times in a row");
}

async function bodyAfterwards(library: Library): Promise<Verdict> {
  const guard = library.timeout(5_000);
  if (!guard.givesSignal) return noSignals;
  return served(async (url) => {
    const response = (await guard.run(({ signal }) =>
      fetch(`${url}/halves`, { signal: signal ?? null }),
    )) as Response;
    const body = await outcome(response.text());
    if (body.ok) return verdict(body.value === "one two", `reads "${body.value}"`);
    return verdict(false, `the body is lost: ${body.error}`);
  });
}

async function callersReason(library: Library): Promise<Verdict> {
  const guard = library.timeout(5_000);
  if (!guard.takesSignal) return noCaller;
  const caller = new AbortController();
  const reason = new Error("the user went away");
  const run = outcome(guard.run(() => new Promise(() => {}), caller.signal));
  await wait(20);
  caller.abort(reason);
  const ended = await Promise.race([run, wait(1_000)]);
  if (!ended || ended.ok) return verdict(false, "the call does not end");
  return verdict(ended.error === reason, `reported as "${(ended.error as Error).message}"`);
}

async function stall(library: Library): Promise<Verdict> {
  return served(async (url, seen) => {
    const rounds: Stalled[] = [];
    for (let tries = 0; tries < 20 && rounds.length < 3; tries++) {
      const round = await stalled(library.timeout(100), url, seen);
      if (round) rounds.push(round);
    }
    if (rounds.some(({ hungMs }) => hungMs === undefined)) {
      return verdict(false, "the hung call does not end");
    }
    const killed = rounds.reduce((sum, round) => sum + round.killed, 0);
    const found = `kills ${killed} of ${5 * rounds.length} healthy calls`;
    return verdict(killed === 0 && rounds.length > 0, found);
  });
}

/** Microseconds of CPU a call, with `n` at once; the least of as many tries as cost no more than 0.6 s. */
async function cpuPerCall(guard: Guard, n: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let i = 0; i < 6 && spent < 600_000; i++) {
    const before = process.cpuUsage();
    const gate = Promise.withResolvers<void>();
    const runs = Array.from({ length: n }, () => guard.run(() => gate.promise));
    gate.resolve();
    await Promise.all(runs);
    const { user, system } = process.cpuUsage(before);
    spent += user + system;
    least = Math.min(least, (user + system) / n);
    await wait(0);
  }
  return least;
}

async function manyAtOnce(library: Library): Promise<Verdict> {
  const guard = library.composed();
  await calls(guard, 2_000, works);
  const few = await cpuPerCall(guard, 1_000);
  const many = await cpuPerCall(guard, 12_000);
  const times = many / few;
  const found = `a call among 12,000 costs ${times.toFixed(1)} times one among 1,000`;
  return verdict(times <= 3, found);
}

export const callScenarios: readonly Scenario[] = [
  { n: 2, title: "the caller's abort ends a back-off at once", run: abortInBackoff },
  { n: 6, title: "a call that times out aborts no other", run: othersAborted },
  { n: 7, title: "the body of a fetch under a timeout is read afterwards", run: bodyAfterwards },
  { n: 8, title: "the caller's abort is reported with the caller's reason", run: callersReason },
  { n: 9, title: "a 250 ms stall kills no call whose answer has come", run: stall },
  { n: 10, title: "12,000 calls at once cost what they cost alone", run: manyAtOnce },
];
