// What one setting cannot tell alone: names that must exist, cycles, ports, and each service.
// Works on the raw config, so that all problems are found at once, those of the shape included.

import { checkChannels } from "./check-channels.ts";
import { checkDowntime } from "./check-downtime.ts";
import { checkExternal } from "./check-external.ts";
import { checkGateway } from "./check-gateway.ts";
import { checkGatewayKind } from "./check-gateway-kind.ts";
import { checkLogs } from "./check-logs.ts";
import { checkOrder } from "./check-order.ts";
import { checkHealing, checkService, type Where } from "./check-service.ts";
import { checkSources } from "./check-sources.ts";
import { checkStop } from "./check-stop.ts";
import { checkToxiproxy } from "./check-toxiproxy.ts";
import { nameOfService, namePhrase, servicesMax } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record } from "./raw.ts";
import { defaults } from "./resolve.ts";
import { quote } from "./words.ts";

export function crossCheck(config: unknown, where: Where): readonly Finding[] {
  const root = record(config);
  const services = record(root.services);
  const names = Object.keys(services);
  return [
    ...checkDashboard(root),
    ...checkCount(root, names),
    ...names.flatMap((name) => checkName(name)),
    ...checkPorts(root, services),
    ...checkOrder(services, record(root.external)),
    ...checkExternal(root),
    ...names.flatMap((name) =>
      checkService(record(services[name]), ["services", name], record(root.healing), where),
    ),
    ...checkHealing(record(root.healing), {}, ["healing"]),
    ...checkLogs(root, where.folder),
    ...checkChannels(root, where),
    ...checkSources(root, where),
    ...checkStop(root),
    ...checkToxiproxy(root),
    ...checkGatewayKind(root),
    ...checkDowntime(root, where.folder),
    ...checkGateway(root, where.folder),
  ];
}

function checkDashboard(root: Raw): readonly Finding[] {
  const { host, token } = record(root.dashboard);
  if (typeof host !== "string" || host === "" || isLoopback(host) || token !== undefined) return [];
  const expected = `text of 16 to 512 characters, because ${quote(host)} can be reached from outside`;
  return [{ at: ["dashboard", "token"], expected, got: "nothing" }];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function checkCount(root: Raw, names: readonly string[]): readonly Finding[] {
  const given = typeof root.services === "object" && !Array.isArray(root.services);
  if (!given || root.services === null) return [];
  if (names.length > 0 && names.length <= servicesMax) return [];
  const expected = `1 to ${servicesMax} services`;
  return [{ at: ["services"], expected, got: names.length === 0 ? "none" : `${names.length}` }];
}

/** "constructor" fits the pattern, and every object knows it: it would look like a service. */
function checkName(name: string): readonly Finding[] {
  const at = ["services", name];
  if (name in {}) {
    const got = `${quote(name)}, which JavaScript keeps for itself`;
    return [{ at, expected: "another name", got }];
  }
  return nameOfService.test(name) ? [] : [{ at, expected: namePhrase, got: quote(name) }];
}

function checkPorts(root: Raw, services: Raw): readonly Finding[] {
  const dashboard = record(root.dashboard).port;
  const own = dashboard === undefined ? defaults.dashboardPort : number(dashboard);
  const users = new Map<number | undefined, string>([[own, "the dashboard"]]);
  return Object.entries(services).flatMap(([name, value]) => {
    const port = number(record(value).port);
    if (port === undefined) return [];
    const other = users.get(port);
    if (other === undefined) {
      users.set(port, name);
      return [];
    }
    const got = `${port}, which ${other} has`;
    return [{ at: ["services", name, "port"], expected: "a port of its own", got }];
  });
}
