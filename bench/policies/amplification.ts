// One process of the bench: attempts a call in simulated time, everything failing at 200 calls a second; prints JSON.
import { compose, retry } from "../../src/policies/index.ts";
import { simClock } from "../../src/testing/sim-clock.ts";
import { bad } from "./loops.ts";

const perSecond = 200;
const seconds = 60;

const clock = simClock();
const api = compose({ clock }, retry({ retries: 3, backoff: 0, clock }));
let calls = 0;
let attempts = 0;
for (; calls < perSecond * seconds; calls++) {
  await api.tryRun(() => {
    attempts += 1;
    throw bad;
  });
  await clock.advance(1_000 / perSecond);
}
console.log(JSON.stringify({ amplification: attempts / calls }));
process.exit();
