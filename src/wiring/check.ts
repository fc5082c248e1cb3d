// What one field cannot tell alone: names that must exist, cycles, ports, limits that contradict.
// Works on the raw config, so that all problems are found at once, those of the shape included.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { type Duration, formatDuration, parseDuration } from "../kernel/duration.ts";
import { findCycle } from "../supervisor/order.ts";
import { nearest, type Problem } from "./problem.ts";
import { defaults, splitCommand } from "./resolve.ts";

type Raw = Readonly<Record<string, unknown>>;

interface Where {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function crossCheck(config: unknown, where: Where): readonly Problem[] {
  const root = record(config);
  const services = record(root.services);
  const names = Object.keys(services);
  const problems = [
    ...checkDashboard(root),
    ...checkPorts(root, services),
    ...checkCycle(services),
  ];
  for (const name of names) {
    const service = record(services[name]);
    const path = `services.${name}`;
    problems.push(
      ...checkDependencies(service, path, name, names),
      ...checkCommand(service, path, where),
      ...checkFiles(service, path, where),
      ...checkGiveUp(service, path),
      ...checkRouted(service, path),
      ...checkVerify(record(service.healing), `${path}.healing`, record(root.healing)),
    );
  }
  problems.push(...checkVerify(record(root.healing), "healing", {}));
  return problems;
}

function checkDashboard(root: Raw): readonly Problem[] {
  const { host, token } = record(root.dashboard);
  if (typeof host !== "string" || isLoopback(host) || token !== undefined) return [];
  const expected = `a token of 16 characters or more, because ${host} is reachable from outside`;
  return [{ path: "dashboard.token", expected, got: "nothing" }];
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function checkPorts(root: Raw, services: Raw): readonly Problem[] {
  const own = record(root.dashboard).port ?? defaults.dashboardPort;
  const users = new Map<unknown, string>([[own, "dashboard.port"]]);
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(services)) {
    const { port } = record(value);
    if (port === undefined) continue;
    const path = `services.${name}.port`;
    const other = users.get(port);
    if (other) {
      problems.push({ path, expected: "a port of its own", got: `${port}, the same as ${other}` });
    }
    users.set(port, path);
  }
  return problems;
}

function checkCycle(services: Raw): readonly Problem[] {
  const nodes = Object.entries(services).map(([name, value]) => ({
    name,
    dependsOn: strings(record(value).dependsOn).filter((other) => other !== name),
  }));
  const cycle = findCycle(nodes);
  if (!cycle) return [];
  const path = `services.${cycle[0]}.dependsOn`;
  return [{ path, expected: "no cycle", got: cycle.join(" → ") }];
}

function checkDependencies(
  service: Raw,
  path: string,
  name: string,
  names: readonly string[],
): readonly Problem[] {
  return strings(service.dependsOn).flatMap((other, i) => {
    const at = `${path}.dependsOn.${i}`;
    if (other === name) {
      return [{ path: at, expected: "another service", got: `"${name}", itself` }];
    }
    if (names.includes(other)) return [];
    const near = nearest(other, names);
    const known = near === undefined ? `one of ${names.join(", ")}` : `"${near}"`;
    return [{ path: at, expected: known, got: `"${other}", which is no service` }];
  });
}

function checkCommand(service: Raw, path: string, where: Where): readonly Problem[] {
  const { command } = service;
  const problems: Problem[] = [];
  const cwd = folderOf(service, where);
  if (!existsSync(cwd) || !statSync(cwd).isDirectory()) {
    problems.push({
      path: `${path}.cwd`,
      expected: "a folder that exists",
      got: JSON.stringify(service.cwd),
    });
  }
  if (typeof command !== "string" && !Array.isArray(command)) return problems;
  const program = splitCommand(command as string | readonly string[])[0];
  if (typeof program !== "string" || isFound(program, cwd, service, where)) return problems;
  const expected = program.includes("/") ? "a program that exists" : "a program found in PATH";
  return [...problems, { path: `${path}.command`, expected, got: `"${program}"` }];
}

function isFound(program: string, cwd: string, service: Raw, where: Where): boolean {
  if (program.includes("/"))
    return isExecutable(isAbsolute(program) ? program : join(cwd, program));
  const own = record(service.env).PATH;
  const path = typeof own === "string" ? own : (where.env.PATH ?? "");
  return path.split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there or not allowed: either way it cannot be run.
    return false;
  }
}

function checkFiles(service: Raw, path: string, where: Where): readonly Problem[] {
  return strings(service.configFiles).flatMap((file, i) => {
    const full = isAbsolute(file) ? file : join(where.folder, file);
    if (existsSync(full) && statSync(full).isFile()) return [];
    return [{ path: `${path}.configFiles.${i}`, expected: "a file that exists", got: `"${file}"` }];
  });
}

/** Found by simulation: a give-up that back-off makes unreachable restarts for ever. */
function checkGiveUp(service: Raw, path: string): readonly Problem[] {
  const restart = record(service.restart);
  const backoff = record(restart.backoff);
  const giveUp = record(restart.giveUp);
  const firstMs = ms(backoff.first, defaults.backoff.firstMs);
  const maxMs = ms(backoff.max, defaults.backoff.maxMs);
  const factor = typeof backoff.factor === "number" ? backoff.factor : defaults.backoff.factor;
  const exits = typeof giveUp.exits === "number" ? giveUp.exits : defaults.giveUp.exits;
  const withinMs = ms(giveUp.within, defaults.giveUp.withinMs);
  const problems: Problem[] = [];
  if (maxMs < firstMs) {
    const expected = `at least backoff.first, ${formatDuration(firstMs)}`;
    problems.push({ path: `${path}.restart.backoff.max`, expected, got: formatDuration(maxMs) });
  }
  let neededMs = 0;
  for (let n = 0; n < Math.min(exits, 64) - 1; n++)
    neededMs += Math.min(maxMs, firstMs * factor ** n);
  if (neededMs < withinMs) return problems;
  const expected = `more than ${formatDuration(neededMs)}, the back-off before exit number ${exits}`;
  const got = `${formatDuration(withinMs)}: the give-up could never be reached`;
  return [...problems, { path: `${path}.restart.giveUp.within`, expected, got }];
}

function checkRouted(service: Raw, path: string): readonly Problem[] {
  if (service.port !== undefined) return [];
  const limits = record(service.limits);
  const problems = (["p95", "errors"] as const)
    .filter((key) => limits[key] !== undefined)
    .map((key) => `limits.${key}`);
  if (service.degradable === true) problems.push("degradable");
  return problems.map((key) => ({
    path: `${path}.${key}`,
    expected: "a port beside it, because only the gateway can tell",
    got: "a service without port",
  }));
}

function checkVerify(own: Raw, path: string, outer: Raw): readonly Problem[] {
  const verify = { ...record(outer.verify), ...record(own.verify) };
  if (own.verify === undefined) return [];
  const healthyMs = ms(verify.healthy, defaults.verify.healthyMs);
  const timeoutMs = ms(verify.timeout, defaults.verify.timeoutMs);
  if (healthyMs < timeoutMs) return [];
  const expected = `more than verify.healthy, ${formatDuration(healthyMs)}`;
  return [{ path: `${path}.verify.timeout`, expected, got: formatDuration(timeoutMs) }];
}

function folderOf(service: Raw, where: Where): string {
  const cwd = typeof service.cwd === "string" ? service.cwd : ".";
  return isAbsolute(cwd) ? cwd : join(where.folder, cwd);
}

function record(value: unknown): Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((other) => typeof other === "string") : [];
}

function ms(value: unknown, otherwise: number): number {
  if (typeof value !== "number" && typeof value !== "string") return otherwise;
  return parseDuration(value as Duration) ?? otherwise;
}
