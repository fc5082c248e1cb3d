// What the settings of one service say together: files that must be there, limits that contradict.
import { isAbsolute, join } from "node:path";
import { checkCommand, type Where } from "./check-command.ts";
import { checkProbes } from "./check-probes.ts";
import { checkProcess } from "./check-process.ts";
import { checkNotify } from "./check-sd-notify.ts";
import { kindOf } from "./files.ts";
import type { Finding } from "./problem.ts";
import { ms, number, type Raw, record, texts } from "./raw.ts";
import { defaults } from "./resolve.ts";
import { type At, either, quote, show, span } from "./words.ts";

export type { Where } from "./check-command.ts";

export function checkService(
  service: Raw,
  at: At,
  outerHealing: Raw,
  where: Where,
): readonly Finding[] {
  return [
    ...checkCommand(service, at, where),
    ...checkFiles(service, at, where),
    ...checkEnv(service, at),
    ...checkProcess(service, at, where),
    ...checkProbe(service, at),
    ...checkProbes(service, at, where.folder),
    ...checkNotify(service, at, where),
    ...checkRouted(service, at),
    ...checkRestart(record(service.restart), [...at, "restart"], service.job !== undefined),
    ...checkHealing(record(service.healing), outerHealing, [...at, "healing"]),
  ];
}

function checkFiles(service: Raw, at: At, { folder }: Where): readonly Finding[] {
  const seen = new Set<string>();
  return texts(service.configFiles).flatMap(([file, place]) => {
    const entry = [...at, "configFiles", place];
    if (seen.has(file)) {
      return [{ at: entry, expected: "each file once", got: `${quote(file)} again` }];
    }
    seen.add(file);
    const full = isAbsolute(file) ? file : join(folder, file);
    const kind = kindOf(full);
    if (kind === "file") return [];
    const got = kind === "folder" ? `${quote(file)}, a folder` : quote(file);
    return [{ at: entry, expected: "a file that exists", got }];
  });
}

/** These are set for each process; what the config says would be lost without a word. */
function checkEnv(service: Raw, at: At): readonly Finding[] {
  const env = record(service.env);
  const hasPort = [service.port, service.probe, service.probes].some((it) => it !== undefined);
  return Object.keys(env).flatMap((name) => {
    const entry = [...at, "env", name];
    if (name === "PORT" && hasPort) {
      const expected = "no PORT, because each instance is given a port of its own there";
      return [{ at: entry, expected, got: show(env.PORT) }];
    }
    if (/^HOMEOSTAT_(PROJECT|INSTANCE|RUN|INDEX|REPLICAS)$/.test(name)) {
      return [{ at: entry, expected: "another name", got: `${name}, which Homeostat sets itself` }];
    }
    if (/^[^=\0]+$/.test(name)) return [];
    return [{ at: entry, expected: "a name such as LOG_LEVEL", got: quote(name) }];
  });
}

const kinds = ["http", "tcp", "exec"] as const;

function checkProbe(service: Raw, at: At): readonly Finding[] {
  if (typeof service.probe !== "object" || Array.isArray(service.probe)) return [];
  if (service.probe === null) return [];
  const probe = record(service.probe);
  const findings: Finding[] = [];
  const named = kinds.filter((kind) => probe[kind] !== undefined);
  if (named.length !== 1) {
    const got = named.length === 0 ? "none of them" : named.join(" and ");
    findings.push({ at: [...at, "probe"], expected: `one of ${either(kinds)}`, got });
  }
  const timeoutMs = ms(probe.timeout) ?? defaults.probe.timeoutMs;
  findings.push(
    ...below(ms(probe.slowAfter), [...at, "probe", "slowAfter"], timeoutMs, "probe.timeout"),
  );
  return findings;
}

/** A limit that an answer can never pass, because it is cut off before, would watch nothing. */
function below(valueMs: number | undefined, at: At, limitMs: number, of: string): Finding[] {
  if (valueMs === undefined || limitMs === 0 || valueMs < limitMs) return [];
  const expected = `less than ${of}, ${span(limitMs)}`;
  return [{ at, expected, got: span(valueMs) }];
}

/** Only the gateway can do these, and only a service with a port is behind it. */
function checkRouted(service: Raw, at: At): readonly Finding[] {
  const limits = record(service.limits);
  if (service.port !== undefined) {
    const timeoutMs = ms(service.timeout) ?? defaults.timeoutMs;
    return below(ms(limits.p95), [...at, "limits", "p95"], timeoutMs, "timeout");
  }
  const idle: At[] = [];
  for (const key of ["p95", "errors"]) if (limits[key] !== undefined) idle.push(["limits", key]);
  for (const key of ["host", "hold", "timeout"]) if (service[key] !== undefined) idle.push([key]);
  if (service.degradable === true) idle.push(["degradable"]);
  return idle.map((key) => ({
    at: [...at, ...key],
    expected: "a port beside it, because only the gateway can do this",
    got: "a service without port",
  }));
}

/** How long a run, its end and the next decision take at least, in a give-up that can be reached. */
const perExitMs = 500;

/** Found by simulation: a give-up that back-off makes unreachable restarts for ever. */
function checkRestart(restart: Raw, at: At, isJob: boolean): readonly Finding[] {
  const backoff = record(restart.backoff);
  const giveUp = record(restart.giveUp);
  const exits = number(giveUp.exits) ?? defaults.giveUp.exits;
  const withinMs = ms(giveUp.within) ?? defaults.giveUp.withinMs;
  const firstMs = ms(backoff.first) ?? defaults.backoff.firstMs;
  const maxMs = ms(backoff.max) ?? defaults.backoff.maxMs;
  const factor = number(backoff.factor) ?? defaults.backoff.factor;
  const findings: Finding[] = [...inPair(restart, {}, at, "backoff")];
  // A job ends with its retries, however long they take.
  if (isJob) return findings;
  const loopExits = number(restart.loopExits);
  if (loopExits !== undefined && loopExits > exits) {
    const expected = `at most giveUp.exits, ${exits}: more are never reached`;
    findings.push({ at: [...at, "loopExits"], expected, got: `${loopExits}` });
  }
  let neededMs = 0;
  for (let n = 0; n < Math.min(exits, 64); n++) {
    neededMs += perExitMs + (n === 0 ? 0 : Math.min(maxMs, firstMs * factor ** (n - 1)));
  }
  const retryMs = ms(restart.retry);
  if (retryMs !== undefined && retryMs < maxMs) {
    const expected = `at least backoff.max, ${span(maxMs)}: it is for what was given up`;
    findings.push({ at: [...at, "retry"], expected, got: span(retryMs) });
  }
  if (neededMs < withinMs || restart.when === "never") return findings;
  const [needed, within] = [span(roundUp(neededMs)), span(withinMs)];
  const written = giveUp.within !== undefined;
  const expected = written
    ? `more than the ${needed} that ${exits} exits take with this back-off`
    : `waits that leave room for ${exits} exits within ${within}, see giveUp`;
  const got = `${written ? within : needed}: it would restart for ever`;
  const path = written ? ["giveUp", "within"] : ["backoff"];
  return [...findings, { at: [...at, ...path], expected, got }];
}

/** So that what is told is enough: `span` leaves out what is too small to be read. */
function roundUp(value: number): number {
  const unitMs = value < 3_600_000 ? 1_000 : value < 86_400_000 ? 60_000 : 3_600_000;
  return Math.ceil(value / unitMs) * unitMs;
}

/** Rules of `healing`, of one service or of all. */
export function checkHealing(own: Raw, outer: Raw, at: At): readonly Finding[] {
  return [...inPair(own, outer, at, "verify"), ...inPair(own, outer, at, "cooldown")];
}

/** Durations of which the second must be longer, or at least not shorter. */
const pairs = {
  backoff: { low: "first", high: "max", usual: defaults.backoff, orEqual: true },
  cooldown: { low: "first", high: "max", usual: defaults.cooldown, orEqual: true },
  verify: { low: "healthy", high: "timeout", usual: defaults.verify, orEqual: false },
} as const;

/** Told at the one of the two that is written here. */
function inPair(own: Raw, outer: Raw, at: At, name: keyof typeof pairs): readonly Finding[] {
  const { low, high, usual, orEqual } = pairs[name];
  const written = record(own[name]);
  if (written[low] === undefined && written[high] === undefined) return [];
  const settings = { ...record(outer[name]), ...written };
  const [lowUsual, highUsual] =
    "healthyMs" in usual ? [usual.healthyMs, usual.timeoutMs] : [usual.firstMs, usual.maxMs];
  const lowMs = ms(settings[low]) ?? lowUsual;
  const highMs = ms(settings[high]) ?? highUsual;
  if (lowMs < highMs || (orEqual && lowMs === highMs)) return [];
  if (written[high] !== undefined) {
    const expected = `${orEqual ? "at least" : "more than"} ${name}.${low}, ${span(lowMs)}`;
    return [{ at: [...at, name, high], expected, got: span(highMs) }];
  }
  const expected = `${orEqual ? "at most" : "less than"} ${name}.${high}, ${span(highMs)}`;
  return [{ at: [...at, name, low], expected, got: span(lowMs) }];
}
