// The quick look before a commit: types, format, lint and the rules of the house; quiet when good.
import { runChecks } from "./checks.ts";
import { runSuite } from "./suites.ts";
import { add, tell } from "./tally.ts";

const begun = performance.now();
const [checked, house] = await Promise.all([runChecks(), runSuite("house", { keep: true })]);
const tally = add(checked.tally, house.tally);
process.stdout.write(checked.failures);
if (house.tally.failed > 0) process.stdout.write(house.output);
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
console.log(`check: ${tell(tally)} in ${seconds} s`);
process.exitCode = tally.failed > 0 ? 1 : 0;
