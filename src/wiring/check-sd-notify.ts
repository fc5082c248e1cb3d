// Whether a service can be asked by sd_notify: what hears it is there, and its path is short enough.

import { readPowers } from "../platforms/powers.ts";
import { receiverPrograms } from "../platforms/sd-notify/receiver.ts";
import { socketPathProblem } from "../protocol/listen-alone.ts";
import type { Where } from "./check-command.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record } from "./raw.ts";
import { notifyFolder } from "./sd-notify.ts";
import { type At, show } from "./words.ts";

const parts = ["startup", "readiness", "liveness"] as const;

export function checkNotify(service: Raw, at: At, where: Where): readonly Finding[] {
  const probes = record(service.probes);
  const asked = parts.filter((part) => record(probes[part]).notify !== undefined);
  const [first] = asked;
  if (first === undefined) return [];
  const here = [...at, "probes", first, "notify"];
  return [
    ...asked.flatMap((part) => checkShape(record(probes[part]).notify, part, at)),
    ...checkProgram(here, where),
    ...checkPath(service, String(at.at(-1)), here, where),
  ];
}

/** Liveness is a time; the others are words that were said. */
function checkShape(notify: unknown, part: (typeof parts)[number], at: At): readonly Finding[] {
  const isTime = typeof notify === "object";
  if (isTime === (part === "liveness")) return [];
  const expected = isTime ? "true" : 'settings such as { watchdog: "10s" }';
  return [{ at: [...at, "probes", part, "notify"], expected, got: show(notify) }];
}

function checkProgram(at: At, { powers, env }: Where): readonly Finding[] {
  const { hasProgram } = powers ?? readPowers(env.PATH ?? "");
  if (receiverPrograms.some(({ program }) => hasProgram(program))) return [];
  const words = receiverPrograms.map(({ program, from }) => `${program} (package ${from})`);
  return [{ at, expected: `${words.join(" or ")} on the PATH of the daemon`, got: "neither" }];
}

function checkPath(service: Raw, name: string, at: At, where: Where): readonly Finding[] {
  const isOfAnother = service.user !== undefined || service.group !== undefined;
  const last = number(service.replicas) ?? 1;
  const path = `${notifyFolder(`${where.folder}/.homeostat`, isOfAnother)}/${name}-${last}`;
  if (socketPathProblem(path) === undefined) return [];
  const expected = "a folder of the project with a shorter path: that of a socket has 107 bytes";
  return [{ at, expected, got: `${Buffer.byteLength(path)} bytes` }];
}
