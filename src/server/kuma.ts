// What Uptime Kuma tells by its webhook notification, and the door that it tells it to.
import { HomeostatError } from "../kernel/errors.ts";
import { hasToken } from "./auth.ts";
import { given } from "./given.ts";
import { type Asked, json, type Router } from "./router.ts";

/** What a watcher says of one of its monitors. */
export interface Said {
  readonly monitor: string;
  readonly isUp: boolean;
  readonly note: string;
}

export interface KumaDoor {
  readonly token: string;
  /** @throws UNKNOWN_ID for a monitor of no service. */
  readonly hear: (said: Said) => { readonly service: string };
}

const noteMax = 300;
const nameMax = 150;

/** `heartbeat.status` of Uptime Kuma: server/model/heartbeat.js. */
const [down, up, pending, maintenance] = [0, 1, 2, 3];

const path = "/hooks/kuma";

/** Whether it is asked for: it has a token of its own, which opens nothing else. */
export function isKumaDoor(asked: Asked): boolean {
  return asked.method === "POST" && asked.path === path;
}

export function kumaDoor(app: Router, door: KumaDoor | undefined): void {
  app.post(path, async (asked) => {
    if (!door) throw new HomeostatError("UNKNOWN_ID", "the config has no kuma: { token }");
    if (!hasToken(asked, door.token)) {
      throw new HomeostatError("FORBIDDEN", "expected the token of kuma in the config");
    }
    const said = readKuma(await given(asked));
    return json("ignored" in said ? said : { taken: true, ...door.hear(said) });
  });
}

/**
 * Its own tests and what it tells of certificates have no heartbeat; a monitor that is pending is tried
 * again by Uptime Kuma itself. One under maintenance is away as people want it, and is not sick.
 * @throws WIRE_SHAPE
 */
export function readKuma(body: unknown): Said | { readonly ignored: string } {
  const { heartbeat, monitor, msg } = record(body);
  if (heartbeat === null || heartbeat === undefined) {
    return { ignored: "it tells nothing of a monitor's state" };
  }
  const { status, msg: reason } = record(heartbeat);
  const { name } = record(monitor);
  if (status !== down && status !== up && status !== pending && status !== maintenance) {
    throw shape("heartbeat.status", "0, 1, 2 or 3", status);
  }
  if (typeof name !== "string" || name === "" || name.length > nameMax) {
    throw shape("monitor.name", `text of 1 to ${nameMax} characters`, name);
  }
  if (status === pending) return { ignored: `${name} is pending: it is tried again` };
  if (status === maintenance) return { monitor: name, isUp: true, note: "under maintenance" };
  const text = [reason, msg].find((it) => typeof it === "string" && it !== "");
  const note = typeof text === "string" ? text.slice(0, noteMax) : "no reason given";
  return { monitor: name, isUp: status === up, note };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function shape(name: string, expected: string, got: unknown): HomeostatError {
  const seen = JSON.stringify(got)?.slice(0, 60) ?? "nothing";
  return new HomeostatError("WIRE_SHAPE", `${name}: expected ${expected}, got ${seen}`);
}
