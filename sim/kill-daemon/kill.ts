// One death of the daemon: when it comes, and what is in the journal right after it.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { below } from "../../src/kernel/random.ts";
import { gaps, missing } from "./audit.ts";
import type { Trial } from "./trial.ts";

type When = "boot" | "action" | "any";

/** Kills the daemon, starts it anew at once, and looks at what the dead one has left. */
export async function killOnce(trial: Trial, n: number): Promise<When> {
  const { shop, witness, faults } = trial;
  const when = await waitForInstant(trial, n);
  const { daemon } = trial;
  if (daemon.exitCode !== null || daemon.signalCode !== null) {
    faults.daemon.push(`before kill ${n}: exit code ${daemon.exitCode ?? daemon.signalCode}`);
  } else {
    const gone = once(daemon, "exit");
    daemon.kill("SIGKILL");
    await gone;
  }
  const told = new Map(witness.told);
  trial.daemon = shop.project.spawnUp();
  trial.bornMs = performance.now();
  const events = shop.project.journal();
  const project = "trial";
  const faultsNow = { missing: missing(events, told, project), gaps: gaps(events) };
  faults.missing.push(...faultsNow.missing.map((text) => `after kill ${n}: ${text}`));
  faults.gaps.push(...faultsNow.gaps.map((text) => `after kill ${n}: ${text}`));
  trial.say(`kill ${n} (${when}): ${events.length} events, ${told.size} told`);
  return when;
}

/** A quarter of the kills fall into the start, a quarter into an action, the rest anywhere. */
async function waitForInstant({ random, witness }: Trial, n: number): Promise<When> {
  const kind = random();
  if (n % 6 === 0) {
    // Now and then it gets time to finish what it began.
    await sleep(5_000 + below(random, 3_000));
    return "any";
  }
  if (kind < 0.25) {
    await sleep(50 + below(random, 1_400));
    return "boot";
  }
  if (kind < 0.5) {
    const begins = Promise.withResolvers<boolean>();
    const hear = (text: string): void => {
      if (/"homeostat\.action\.(intended|started)"/.test(text)) begins.resolve(true);
    };
    witness.listeners.add(hear);
    const inAction = await Promise.race([begins.promise, sleep(15_000, false)]);
    witness.listeners.delete(hear);
    await sleep(below(random, 80));
    return inAction ? "action" : "any";
  }
  await sleep(300 + below(random, 2_700));
  return "any";
}
