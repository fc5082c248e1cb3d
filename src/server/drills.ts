// The part of the API about drills: to look at one, begin it, tell that its fault is done, and end it.
import { HomeostatError } from "../kernel/errors.ts";
import { type DrillKind, type DrillResult, type DrillVerdict, drillKinds } from "../model/drill.ts";
import type { DrillPlan, DrillView } from "../protocol/drills.ts";
import { body, given } from "./given.ts";
import { json, type Router } from "./router.ts";

export interface DrillsBackend {
  /** What it would do; nothing is announced. @throws UNKNOWN_ID, NOT_NOW */
  look(kind: DrillKind, target: string | undefined): DrillPlan;
  /** @throws UNKNOWN_ID; NOT_NOW while anything stands against it. */
  begin(kind: DrillKind, target: string | undefined, force: boolean, by: string): DrillPlan;
  /** @throws UNKNOWN_ID for what is not on. */
  injected(id: string): void;
  progress(id: string): DrillView;
  end(id: string, result: Omit<DrillResult, "id">): void;
}

export function drillRoutes(app: Router, drills: DrillsBackend): void {
  app.get("/api/drills/look/:kind", (asked) => {
    return json(drills.look(kindOf(asked.param("kind")), asked.query("target")));
  });
  app.post("/api/drills", async (asked) => {
    const value = record(await given(asked));
    const target = value.target === undefined ? undefined : text("target", value.target);
    const by = value.by === undefined ? "api" : text("by", value.by);
    return json(drills.begin(kindOf(value.kind), target, value.force === true, by));
  });
  app.get("/api/drills/:id", (asked) => json(drills.progress(asked.param("id"))));
  app.post("/api/drills/:id/injected", async (asked) => {
    await body(asked);
    drills.injected(asked.param("id"));
    return json({ id: asked.param("id") });
  });
  app.post("/api/drills/:id/end", async (asked) => {
    drills.end(asked.param("id"), resultOf(record(await given(asked))));
    return json({ id: asked.param("id"), over: true });
  });
}

function kindOf(value: unknown): DrillKind {
  const kind = drillKinds.find((it) => it === value);
  if (kind !== undefined) return kind;
  throw shape("kind", drillKinds.join(", "), value);
}

const verdicts: readonly DrillVerdict[] = [
  "passed",
  "missed",
  "as-configured",
  "unnoticed",
  "failed",
];

function resultOf(value: Readonly<Record<string, unknown>>): Omit<DrillResult, "id"> {
  const verdict = verdicts.find((it) => it === value.verdict);
  if (verdict === undefined) throw shape("verdict", verdicts.join(", "), value.verdict);
  const mark = (key: "detectedMs" | "healedMs" | "verifiedMs"): Partial<DrillResult> => {
    const ms = value[key];
    if (ms === undefined) return {};
    if (typeof ms === "number" && ms >= 0 && ms < 1e9) return { [key]: Math.round(ms) };
    throw shape(key, "milliseconds", ms);
  };
  return {
    verdict,
    text: text("text", value.text),
    ...mark("detectedMs"),
    ...mark("healedMs"),
    ...mark("verifiedMs"),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(name: string, value: unknown): string {
  if (typeof value === "string" && value.length <= 500) return value;
  throw shape(name, "text of at most 500 characters", value);
}

function shape(name: string, expected: string, got: unknown): HomeostatError {
  const seen = JSON.stringify(got)?.slice(0, 60) ?? "nothing";
  return new HomeostatError("WIRE_SHAPE", `${name}: expected ${expected}, got ${seen}`);
}
