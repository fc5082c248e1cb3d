// Properties of loading, held against configs made by chance.
// Sound pieces make a sound config, one wrong value is named by its path, and nothing that can be
// written makes it throw anything but an error of family Misconfigured.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc, { type Arbitrary } from "fast-check";
import { z } from "zod";
import { probes } from "../../test/configs/any-probes.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { simClock } from "../testing/sim-clock.ts";
import type { HealingConfig, ProbeConfig, RestartConfig, ServiceConfig } from "./config.ts";
import type { DowntimeConfig } from "./config-downtime.ts";
import type { TemplatesConfig } from "./config-logs.ts";
import type { OrderConfig } from "./config-order.ts";
import { judge, type LoadOptions, loadConfig } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { ProcessConfig } from "./process.ts";
import { configJsonSchema } from "./schema.ts";
import { type At, pathText } from "./words.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-any-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const options: LoadOptions = { folder, env: { PATH: process.env.PATH }, clock: simClock() };

/** Every setting may be left out. */
function some<T extends object>(model: { [K in keyof T]-?: Arbitrary<T[K]> }): Arbitrary<T> {
  return fc.record(model as never, { requiredKeys: [] }) as Arbitrary<never>;
}

/** `fromMs` to `toMs`, as a number or as text. */
function duration(fromMs: number, toMs: number): Arbitrary<number | string> {
  return fc
    .tuple(fc.integer({ min: fromMs, max: toMs }), fc.boolean())
    .map(([ms, asText]) => (asText ? `${ms}ms` : ms));
}

const mode = fc.constantFrom("observe" as const, "suggest" as const, "auto" as const);
const share = fc.double({ min: 0, max: 1, noNaN: true });

const healing: Arbitrary<HealingConfig> = some<HealingConfig>({
  mode,
  modes: some<NonNullable<HealingConfig["modes"]>>({
    start: mode,
    restart: mode,
    rollback: mode,
    degrade: mode,
    restore: mode,
  }),
  cooldown: some<NonNullable<HealingConfig["cooldown"]>>({
    first: duration(0, 10_000),
    max: duration(10_000, 604_800_000),
  }),
  strikes: fc.integer({ min: 1, max: 100 }),
  perHour: fc.integer({ min: 1, max: 10_000 }),
  maxUnhealthy: share,
  verify: some<NonNullable<HealingConfig["verify"]>>({
    healthy: duration(0, 10_000),
    timeout: duration(10_001, 600_000),
  }),
  approval: duration(1, 3_600_000),
  settle: duration(0, 5_000),
});

const probe: Arbitrary<ProbeConfig> = fc
  .tuple(
    fc.constantFrom<ProbeConfig>({ http: "/health" }, { tcp: true }, { exec: ["sleep", "0"] }),
    some<Omit<ProbeConfig, "http" | "tcp" | "exec">>({
      interval: duration(50, 60_000),
      timeout: duration(1_000, 60_000),
      failures: fc.integer({ min: 1, max: 100 }),
      startup: duration(100, 600_000),
      slowAfter: duration(1, 999),
    }),
  )
  .map(([kind, rest]) => ({ ...kind, ...rest }));

const restart: Arbitrary<RestartConfig> = some<RestartConfig>({
  when: fc.constantFrom("unexpected" as const, "always" as const, "never" as const),
  expectedExits: fc.array(fc.integer({ min: 0, max: 255 })),
  backoff: some<NonNullable<RestartConfig["backoff"]>>({
    first: duration(0, 5_000),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    max: duration(5_000, 10_000),
  }),
  stable: duration(1, 60_000),
  loopExits: fc.integer({ min: 2, max: 4 }),
  giveUp: fc.record({ exits: fc.integer({ min: 4, max: 20 }), within: duration(900_000, 9e6) }),
  retry: duration(30_000, 9e6),
});

/** What has tests of its own. */
type Apart =
  | "command"
  | "port"
  | "probes"
  | "gateway"
  | keyof (OrderConfig & ProcessConfig & DowntimeConfig);

const service: Arbitrary<ServiceConfig> = fc
  .tuple(
    fc.constantFrom<ServiceConfig>({ command: "sleep 60" }, { command: ["sleep", "60"] }),
    some<Omit<ServiceConfig, Apart>>({
      cwd: fc.constantFrom(".", "/"),
      capture: fc.boolean(),
      logs: some<NonNullable<ServiceConfig["logs"]>>({
        size: fc.constantFrom("1KB", "50MB", "1.5MiB"),
        age: duration(60_000, 86_400_000),
        keep: fc.integer({ min: 0, max: 10_000 }),
        total: fc.constantFrom("60MB", "2GiB"),
        rate: fc.integer({ min: 1, max: 1_000_000 }),
        forward: fc.boolean(),
        templates: some<TemplatesConfig>({
          on: fc.boolean(),
          rate: fc.integer({ min: 1, max: 100_000 }),
          learn: duration(1_000, 86_400_000),
          from: fc.constantFrom("error" as const, "warn" as const, "any" as const),
          calm: duration(0, 60_000),
        }),
      }),
      env: fc.dictionary(
        fc.constantFrom("A", "LOG_LEVEL", "b.c"),
        fc.oneof(fc.string(), fc.integer(), fc.boolean()),
      ),
      replicas: fc.integer({ min: 1, max: 64 }),
      probe,
      limits: some<NonNullable<ServiceConfig["limits"]>>({
        p95: duration(1, 4_000),
        errors: share,
        cpu: fc.double({ min: 0.01, max: 64, noNaN: true }),
        memoryMiB: fc.integer({ min: 1, max: 100_000 }),
        ahead: fc.oneof(fc.constant(0), duration(10_000, 600_000)),
        errorLines: fc.integer({ min: 1, max: 1_000_000 }),
        unusualPerMonth: fc.constantFrom(0, 0.5, 1, 30),
        for: duration(0, 60_000),
      }),
      configFiles: fc.constant([]),
      restart,
      stop: some<NonNullable<ServiceConfig["stop"]>>({
        signal: fc.constantFrom("SIGTERM" as const, "SIGINT" as const),
        wait: duration(2, 60_000),
        dump: fc.constant(1),
        hard: fc.constant("2ms"),
      }),
      host: fc.constantFrom("127.0.0.1", "0.0.0.0"),
      hold: duration(0, 60_000),
      timeout: duration(5_000, 60_000),
      degradable: fc.boolean(),
      healing,
    }),
  )
  .chain(([command, { probe, ...rest }]) =>
    fc
      .oneof(fc.constant(probe ? { probe } : {}), fc.record({ probes }))
      .map((asked) => ({ ...rest, ...asked, ...command })),
  );

const editors = z.fromJSONSchema(configJsonSchema() as never);

type Tree = { [key: string]: unknown };

const nightly: ServiceConfig = {
  command: "true",
  job: { schedule: "0 3 * * *", timezone: "UTC", overlap: "queue", jitter: "1m", retries: 0 },
};

/** Each service has a port of its own and depends on some that stand before it. */
const sound: Arbitrary<Tree> = fc
  .record({
    services: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/), {
      minLength: 1,
      maxLength: 4,
    }),
    bodies: fc.array(service, { minLength: 4, maxLength: 4 }),
    links: fc.array(fc.nat({ max: 7 }), { minLength: 4, maxLength: 4 }),
    rest: some<Tree>({
      healing,
      project: fc.constant("shop"),
      dashboard: fc.constant({ port: 7_790 }),
    }),
  })
  .map(({ services, bodies, links, rest }) => {
    const entries = services.map((name, i) => {
      const dependsOn = services.slice(0, i).filter((_, j) => ((links[i] ?? 0) >> j) % 2 === 1);
      const mapped = Object.fromEntries(
        dependsOn.map((it, j) => [it, j % 2 === 0 ? "started" : { logged: "up" }] as const),
      );
      const order = { dependsOn: i % 2 === 0 ? dependsOn : mapped, partOf: "everything" };
      return [name, { ...bodies[i], port: 20_000 + i, ...order }] as const;
    });
    return { ...rest, services: { ...Object.fromEntries(entries), "a-nightly-job": nightly } };
  });

/** The place of every value in the tree, the root left out. */
function places(value: unknown, at: At = []): readonly At[] {
  const own = at.length === 0 ? [] : [at];
  if (typeof value !== "object" || value === null) return own;
  const isList = Array.isArray(value);
  const inner = Object.entries(value).flatMap(([key, it]) =>
    places(it, [...at, isList ? Number(key) : key]),
  );
  return [...own, ...inner];
}

function changed(tree: unknown, [key, ...rest]: At, wrong: unknown): unknown {
  if (key === undefined) return wrong;
  if (Array.isArray(tree)) return tree.map((it, i) => (i === key ? changed(it, rest, wrong) : it));
  const record = tree as Tree;
  return { ...record, [key]: changed(record[key], rest, wrong) };
}

async function problemsOf(run: () => Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await run();
    return [];
  } catch (error) {
    assert.ok(error instanceof HomeostatError, `${error}`);
    assert.equal(error.family, "Misconfigured", error.message);
    assert.doesNotMatch(error.message, /\n {4}at |invalid input/i);
    return (error.details ?? [{ path: "", expected: "", got: "" }]) as readonly Problem[];
  }
}

const seen = (given: unknown): Promise<readonly Problem[]> =>
  problemsOf(() => judge(given, "homeostat.json", options));

/** Whose shape was looked at before: what is made of it must be the same. */
const known = { has: () => true, keep: () => {}, write: () => {} };

describe("any config", () => {
  it("made of sound pieces is taken", async () => {
    const taken = fc.asyncProperty(sound, async (tree) => {
      const whole = await judge(tree, "homeostat.json", options);
      assert.deepEqual(await judge(tree, "homeostat.json", { ...options, known }), whole);
      assert.ok(editors.safeParse(tree).success, "the JSON Schema for editors refuses it");
      const file = join(folder, "homeostat.json");
      writeFileSync(file, JSON.stringify(tree));
      assert.deepEqual(await problemsOf(() => loadConfig(options)), []);
      rmSync(file);
    });
    await fc.assert(taken, { numRuns: 150, seed: 1 });
  });

  it("with one wrong value is refused, and the value is named", async () => {
    // No setting takes any of these, wherever it stands.
    const wrong = fc.constantFrom<unknown>(null, [[]], { "§": null }, Symbol("x"), () => 1, [null]);
    const named = fc.asyncProperty(sound, fc.nat(), wrong, async (tree, n, value) => {
      const all = places(tree);
      const at = all[n % all.length] ?? [];
      const path = pathText(at);
      const problems = await seen(changed(tree, at, value));
      const names = problems.some(
        (it) => it.path === path || [".", "["].some((next) => it.path.startsWith(path + next)),
      );
      assert.ok(names, `${path}: ${JSON.stringify(problems)}`);
      assert.equal(new Set(problems.map((it) => it.path)).size, problems.length, "told twice");
    });
    await fc.assert(named, { numRuns: 400, seed: 1 });
  });

  it("of any value is judged without a crash", async () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const keys = fc.constantFrom("services", "healing", "dashboard", "web", "probe", "env", "a b");
    const nested = fc.oneof(
      anything,
      fc.dictionary(keys, fc.oneof(anything, fc.dictionary(keys, anything))),
      fc.record({ services: fc.dictionary(fc.string(), fc.oneof(anything, service)) }),
    );
    await fc.assert(
      fc.asyncProperty(nested, async (given) => void (await seen(given))),
      {
        numRuns: 500,
        seed: 1,
      },
    );
  });

  it("of any text is read without a crash", async () => {
    const unit = fc.constantFrom(..."services:{}[]\"'&*a!<|>-?#%@ \n\t,web=01.~\\\u0000é");
    const text = fc.oneof(fc.string({ unit, maxLength: 60 }), fc.string(), fc.json());
    const name = fc.constantFrom("homeostat.yaml", "homeostat.json");
    const read = fc.asyncProperty(name, text, async (file, body) => {
      writeFileSync(join(folder, file), body);
      await problemsOf(() => loadConfig({ ...options, file }));
      rmSync(join(folder, file));
    });
    await fc.assert(read, { numRuns: 500, seed: 1 });
  });
});
