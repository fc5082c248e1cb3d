// node --conditions=source test/gateway-corpus/fuzz.ts [COUNT] [SEED]: a million damaged messages for the readers.
import { fuzz } from "./fuzzing.ts";

const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
const share = 10_000;
const fromMs = performance.now();
let peak = 0;
for (let done = 0; done < count; done += share) {
  fuzz(Math.min(share, count - done), seed + done / share);
  peak = Math.max(peak, process.memoryUsage.rss());
}
const seconds = ((performance.now() - fromMs) / 1_000).toFixed(1);
console.log(`${count} inputs in ${seconds} s, at most ${Math.round(peak / 1e6)} MB resident`);
