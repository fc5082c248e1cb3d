// The switches that make a service sick: POST /_sick/NAME, only when SHOP_SICKNESS=allowed.
import type { Answer } from "./answer.ts";
import { plainPicture, resizeThumbnail } from "./thumbnails.ts";

export interface Sickness {
  /** Answers POST /_sick/NAME; what blocks the process starts after the answer was sent. */
  fall(name: string, body: unknown): Answer;
  /** Whether this answer of /health must be a failure; counts down. */
  failsProbe(): boolean;
  /** What an upstream call must take, when `slow` is on. */
  slowMs(): number | undefined;
  stalled(): boolean;
  ignoresTerm(): boolean;
}

type Switch = (order: Readonly<Record<string, unknown>>) => { told: object; after?: () => void };

/** `block`, `gc` and `fail-probe` for every service, plus what `extra` names. */
export function sickness(...extra: readonly ("slow" | "stall")[]): Sickness {
  let probesToFail = 0;
  let slowMs: number | undefined;
  let stalled = false;

  const switches: Record<string, Switch> = {
    block: () => ({ told: { blocked: "for ever" }, after: makeThumbnails }),
    gc: (order) => {
      const ms = amount(order.ms, 800);
      return { told: { pausedMs: ms }, after: () => collectGarbage(ms) };
    },
    "fail-probe": (order) => {
      probesToFail = amount(order.times, 1);
      return { told: { probesToFail } };
    },
  };
  if (extra.includes("slow")) {
    switches.slow = (order) => {
      slowMs = order.on === false ? undefined : amount(order.ms, 1_200);
      return { told: { slowMs: slowMs ?? "off" } };
    };
  }
  if (extra.includes("stall")) {
    switches.stall = () => {
      stalled = true;
      return { told: { stalled, ignores: "SIGTERM" } };
    };
  }

  return {
    fall: (name, body) => {
      if (process.env.SHOP_SICKNESS !== "allowed") {
        return { status: 404, body: { error: "start with SHOP_SICKNESS=allowed" } };
      }
      const known = Object.hasOwn(switches, name) ? switches[name] : undefined;
      if (!known) return { status: 404, body: { error: `one of ${Object.keys(switches)}` } };
      const { told, after } = known(Object(body));
      return { status: 200, body: { sick: name, ...told }, ...(after && { after }) };
    },
    failsProbe: () => probesToFail > 0 && probesToFail-- > 0,
    slowMs: () => slowMs,
    stalled: () => stalled,
    ignoresTerm: () => stalled,
  };
}

function amount(value: unknown, otherwise: number): number {
  return typeof value === "number" && value >= 0 && value <= 60_000 ? value : otherwise;
}

/** Never returns: see the mistake in `resizeThumbnail`. */
function makeThumbnails(): void {
  resizeThumbnail(plainPicture(32, 32), 64, 64);
}

/** Stands still like a process whose collector stops the world. */
function collectGarbage(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
