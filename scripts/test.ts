// Runs the checks and the suites in order: npm test, or npm test -- check|fast|process|browser.
import { installServers } from "./apt.ts";
import { runChecks } from "./checks.ts";
import { findChromium } from "./chromium.ts";
import { buildDashboard, isFresh } from "./dashboard.ts";
import { filesOf, runSuite, type SuiteName } from "./suites.ts";
import { add, line, none, type Tally, tell } from "./tally.ts";

const steps = {
  check: runCheckStep,
  fast: () => runSuiteStep("fast"),
  process: () => withDashboard(() => installServers().then(() => runSuiteStep("process"))),
  browser: () => withDashboard(runBrowserStep),
} as const;

type StepName = keyof typeof steps;

const names = Object.keys(steps) as readonly StepName[];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !names.some((known) => known === name));
if (unknown.length > 0) {
  console.error(`no suite is called ${unknown.join(", ")}; there are ${names.join(", ")}`);
  process.exit(78);
}

let total = none;
for (const name of names.filter((step) => asked.length === 0 || asked.includes(step))) {
  console.log(`\n${name}`);
  const begun = performance.now();
  const tally = await steps[name]();
  total = add(total, tally);
  console.log(line(`${name} in all`, tally, performance.now() - begun));
}
if (total.passed + total.failed === 0) console.error("\nno test ran");
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
console.log(`\n${tell(total)}`);

async function runCheckStep(): Promise<Tally> {
  const { tally, report } = await runChecks();
  process.stdout.write(report);
  return add(tally, await runSuiteStep("house"));
}

async function runSuiteStep(name: SuiteName, env: Record<string, string> = {}): Promise<Tally> {
  const { tally, output } = await runSuite(name, { keep: false, env });
  process.stdout.write(output);
  return tally;
}

/** Tests find the browser in CHROMIUM, wherever it was found here. */
async function runBrowserStep(): Promise<Tally> {
  if (filesOf("browser").length === 0) return none;
  return orFailure(async () => runSuiteStep("browser", { CHROMIUM: await findChromium() }));
}

/** The daemon serves the built page, so suites that start it need it. */
function withDashboard(step: () => Promise<Tally>): Promise<Tally> {
  return orFailure(async () => {
    if (!isFresh()) await buildDashboard();
    return step();
  });
}

/** What keeps a suite from running is one failure of it. */
async function orFailure(step: () => Promise<Tally>): Promise<Tally> {
  try {
    return await step();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return add(none, { failed: 1 });
  }
}
