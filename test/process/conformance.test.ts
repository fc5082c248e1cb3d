// The conformance suites as their users run them: a broken kind makes the process end with 1.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { within } from "../../src/testing/waiting.ts";

const url = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a file of tests in a process of its own. */
async function run(script: string): Promise<Ended> {
  // A child that took itself for a part of this run would tell its results to nobody.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = ["--conditions=source", "--input-type=module"];
  const child = spawn(process.execPath, [...options, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  let output = "";
  child.stdout.on("data", (part: Buffer) => {
    output += part;
  });
  try {
    const closed = new Promise((resolve) => child.once("close", resolve));
    await within(30_000, closed);
  } finally {
    child.kill("SIGKILL");
  }
  return { code: child.exitCode, output };
}

interface Suite {
  readonly imports: string;
  readonly sound: string;
  /** Gives the faulty kind instead of the sound one. */
  readonly broken: string;
  /** The check that must fail. */
  readonly says: string;
}

const suites: Readonly<Record<string, Suite>> = {
  action: {
    imports: `
      import { actionConformance } from ${url("testing/action-conformance.ts")};
      import { startAction } from ${url("actions/start.ts")};
      const why = { rule: "ladder", text: "1 rung", value: 1, limit: 1, unit: "count" };
      const intent = { id: "A1", incident: "1", kind: "start", target: "web/1", ladder: 1, rung: 0, why };
      const check = (start) =>
        actionConformance("start", { make: (deed) => startAction({ start: start(deed) }), intent });`,
    sound: `check((deed) => (target) => deed(target));`,
    broken: `check((deed) => (target) => deed(target).catch(() => {}));`,
    says: "tells why a deed failed",
  },
  detector: {
    imports: `
      import { detectorConformance } from ${url("testing/detector-conformance.ts")};
      import { consecutive } from ${url("detectors/consecutive.ts")};
      import { metrics, reading } from ${url("model/reading.ts")};
      const seen = (atMs, value) => reading("web/1", metrics.probe, value, atMs);
      const ill = [seen(1, 0), seen(2, 0), seen(3, 0)];
      const well = [seen(4, 1), seen(5, 1)];
      const check = (more) => detectorConformance("consecutive", () => ({
        detector: { ...consecutive({ failures: 3 }), ...more }, ill, well,
      }));`,
    sound: `check({});`,
    broken: `check({ raised: consecutive({ failures: 3 }).initial });`,
    says: "goes on from `raised` as if it had seen the sickness",
  },
  notifier: {
    imports: `
      import { notifierConformance } from ${url("testing/notifier-conformance.ts")};
      const check = (write) => notifierConformance("list", async () => {
        const received = [];
        const send = async (notice) => void received.push(write(notice));
        return { notifier: { name: "list", send }, received: () => received };
      });`,
    sound: `check(({ title, text, over }) => (over ? "over: " : "") + title + text);`,
    broken: `check(({ title, over }) => (over ? "over: " : "") + title);`,
    says: "tells title and text, in one message",
  },
  source: {
    imports: `
      import { sourceConformance } from ${url("testing/source-conformance.ts")};
      import { processSource } from ${url("sources/process.ts")};
      const identity = { pid: 1, startTicks: 1, bootId: "boot" };
      const check = (rssBytes) => sourceConformance("process", {
        make: (look) => processSource({
          instances: () => (look(), [{ target: "web/1", identity }]),
          figures: () => ({ cpuMs: 1, rssBytes, threads: 1, fds: 1 }),
          intervalMs: 1_000,
        }),
        emitsWithinMs: 1_000,
        waits: false,
      });`,
    sound: `check(1e6);`,
    broken: `check(NaN);`,
    says: "emits readings with a unit, and the time of the loop",
  },
};

describe("a conformance suite", () => {
  for (const [name, { imports, sound, broken, says }] of Object.entries(suites)) {
    it(`of a sound ${name} ends with 0`, async () => {
      const { code, output } = await run(`${imports}\n${sound}`);
      assert.equal(code, 0, output);
      assert.match(output, /\bfail 0\b/);
    });

    it(`of a broken ${name} ends with 1 and names what it does not keep to`, async () => {
      const { code, output } = await run(`${imports}\n${broken}`);
      assert.equal(code, 1, output);
      assert.ok(output.includes(`✖ ${says}`), output);
    });
  }
});
