// Whether the times to end follow each other: own dump < own end ≤ wait, and all of it < outer grace.
import type { Finding } from "./problem.ts";
import { ms, type Raw, record, texts } from "./raw.ts";
import { type Stopping, stopTime, waitMsDefault } from "./stop-time.ts";
import { type At, span } from "./words.ts";

/** What `docker stop` waits unless it is told otherwise. */
export const dockerGraceMs: number = 10_000;

export function checkStop(root: Raw): readonly Finding[] {
  const services = Object.entries(record(root.services));
  const findings = services.flatMap(([name, service]) =>
    checkService(record(record(service).stop), ["services", name, "stop"]),
  );
  const graceMs = ms(record(root.stop).grace);
  return graceMs === undefined ? findings : [...findings, ...checkGrace(root, graceMs)];
}

/** A container that nobody has said anything about: Docker's own wait must be enough. */
export function checkContainer(config: unknown): readonly Finding[] {
  const root = record(config);
  if (ms(record(root.stop).grace) !== undefined) return [];
  return checkGrace(root, dockerGraceMs, "nothing, and Docker waits 10s unless it is told");
}

function checkService({ wait, hard, dump }: Raw, at: At): readonly Finding[] {
  const waitMs = ms(wait) ?? waitMsDefault;
  const [hardMs, dumpMs] = [ms(hard), ms(dump)];
  const findings: Finding[] = [];
  if (hardMs !== undefined && hardMs > waitMs) {
    const expected = `at most stop.wait, ${span(waitMs)}, when SIGKILL comes`;
    findings.push({ at: [...at, "hard"], expected, got: span(hardMs) });
  }
  const endMs = hardMs ?? waitMs;
  if (dumpMs !== undefined && dumpMs >= endMs) {
    const expected = `less than stop.${hardMs === undefined ? "wait" : "hard"}, ${span(endMs)}`;
    findings.push({ at: [...at, "dump"], expected, got: span(dumpMs) });
  }
  return findings;
}

function checkGrace(root: Raw, graceMs: number, got = span(graceMs)): readonly Finding[] {
  const time = stopTime(stoppingOf(root));
  if (time.ms < graceMs) return [];
  const way = time.way.length === 0 ? "" : `: ${time.way.join(", then ")}, then Homeostat itself`;
  const expected = `more than the ${span(time.ms)} that stopping everything takes at most${way}`;
  return [{ at: ["stop", "grace"], expected, got }];
}

function stoppingOf(root: Raw): readonly Stopping[] {
  return Object.entries(record(root.services)).map(([name, value]) => {
    const { dependsOn, stop, port } = record(value);
    const names = Array.isArray(dependsOn) ? texts(dependsOn).map(([text]) => text) : undefined;
    return {
      name,
      dependsOn: names ?? Object.keys(record(dependsOn)),
      waitMs: ms(record(stop).wait) ?? waitMsDefault,
      routed: port !== undefined,
    };
  });
}
