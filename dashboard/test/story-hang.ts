// The incident with the blocked event loop: the stack is the star, a wait comes before the restart.
import type { Refusal } from "../../src/model/refusal.ts";
import type { IncidentDetail } from "../../src/protocol/api.ts";
import { because, type Line, tell } from "./story.ts";

const blockedStack = [
  "resizeThumbnail (/srv/shop/catalog/thumbnails.ts:88:14)",
  "renderGallery (/srv/shop/catalog/gallery.ts:41:22)",
  "Object.handler (/srv/shop/catalog/routes/products.ts:117:9)",
  "preHandlerCallback (/srv/shop/node_modules/fastify/lib/handleRequest.js:137:37)",
  "validate (/srv/shop/node_modules/fastify/lib/handleRequest.js:92:5)",
  "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
];

export const verifyForMs = 30_000;
export const actedAtMs = 5_140;
export const healedAtMs = 8_020;

const endMs = healedAtMs + verifyForMs;
const silent = because(
  "consecutive-failures",
  "3 of 3 probes of catalog/1 had no answer within 1 s",
  3,
  3,
);
const lines: readonly Line[] = [
  [
    3_020,
    "symptom",
    "catalog/1 does not answer: 3 probes in a row had no answer within 1 s",
    silent,
  ],
  [
    3_030,
    "symptom",
    "web answers slowly: joined here, because web depends on catalog",
    because("p95", "p95 of web is 1.9 s against a limit of 500 ms", 1_900, 500, "ms"),
  ],
  [
    3_410,
    "evidence",
    "Event loop blocked in resizeThumbnail (thumbnails.ts:88)",
    undefined,
    blockedStack,
  ],
  [3_440, "evidence", "CPU 99 % of one core, 184 MiB, 41 file descriptors"],
  [
    3_460,
    "diagnosis",
    "catalog/1 hangs: its event loop is blocked in resizeThumbnail",
    because("blocked-stack", "the same frame was on top in 5 of 5 samples", 5, 5),
  ],
  [
    3_470,
    "plan",
    "Restart catalog/1, then page a person",
    undefined,
    [
      "degrade catalog: not needed, catalog/2 answers",
      "rollback: nothing was changed in the last hour",
    ],
  ],
  [
    3_480,
    "guard",
    "Waits: catalog/2 is not ready yet after its deploy",
    because("one-at-a-time", "1 of 1 other instance of catalog is starting", 1, 0),
  ],
  [
    5_120,
    "guard",
    "Restart of catalog/1 is allowed",
    because("max-unhealthy", "1 of 2 instances would be down, 1 may be", 1, 1),
  ],
  [
    actedAtMs,
    "action",
    "Restart catalog/1",
    undefined,
    [
      "taken out of the gateway in 4 ms",
      "TERM, no exit within 2 s, KILL",
      "started in 210 ms",
      "ready after 660 ms",
    ],
  ],
  [
    healedAtMs,
    "verify",
    "catalog/1 answers again; it must stay healthy for 30 s",
    because("verify-window", "healthy so far against the window", 0, verifyForMs, "ms"),
  ],
  [
    endMs,
    "end",
    "Resolved: catalog/1 was healthy for 30 s after its restart",
    because("verify-window", "healthy for 30 s", verifyForMs, verifyForMs, "ms"),
  ],
];
const waits: Refusal = {
  action: "restart",
  target: "catalog/1",
  why: because("one-at-a-time", "1 of 1 other instance of catalog is starting", 1, 0),
  untilMs: 5_120,
};

/** catalog/1 hangs; `since` is the first sign. */
export function hang(id: string, since: number, now: number): IncidentDetail {
  const over = now >= since + endMs;
  return tell(
    {
      id,
      service: "catalog",
      title: "catalog/1 hangs: event loop blocked in resizeThumbnail",
      state: over ? "resolved" : "verifying",
      ...{ since, detectMs: 3_020, lines },
      ...(over ? { endedMs: endMs } : {}),
      actions: [{ id: "A9", kind: "restart", target: "catalog/1", state: "done" }],
      more: {
        refusals: [waits],
        ...(over
          ? {
              ending: because(
                "verify-window",
                "It was healthy for 30 s after its restart.",
                30,
                30,
              ),
            }
          : {}),
      },
    },
    now,
  );
}
