// What a service's words on its traffic can mean: there is a port, and each key fits its protocol.
import { isAbsolute, join } from "node:path";
import { networkProblem } from "../gateway/front/networks.ts";
import { socketPathProblem } from "../protocol/listen-alone.ts";
import { checkBalancing } from "./check-gateway-balancing.ts";
import { checkFeatures } from "./check-gateway-features.ts";
import { checkSecure } from "./check-gateway-secure.ts";
import type { Finding } from "./problem.ts";
import { number, type Raw, record } from "./raw.ts";
import { type At, quote } from "./words.ts";

export function checkGateway(root: Raw, folder: string): readonly Finding[] {
  const services = record(root.services);
  const findings = Object.entries(services).flatMap(([name, value]): readonly Finding[] => {
    const service = record(value);
    if (service.gateway === undefined) return [];
    const at = ["services", name, "gateway"];
    if (service.port === undefined) {
      const expected = "a port beside it, because without one no traffic goes through the gateway";
      return [{ at, expected, got: "a service without port" }];
    }
    const gateway = record(service.gateway);
    return [
      ...checkTransport(gateway, service, at, folder),
      ...checkFeatures(root, name, gateway, at),
      ...checkBalancing(root, name, gateway, at),
      ...checkSecure(root, gateway, at, folder),
    ];
  });
  return [...findings, ...checkPaths(services)];
}

/** A socket file has one owner: the gateway for clients, or the instances of one service. */
function checkPaths(services: Raw): readonly Finding[] {
  const owners = new Map<string, string>();
  return Object.entries(services).flatMap(([name, value]) => {
    const { path, instancePath } = record(record(value).gateway);
    return Object.entries({ path, instancePath }).flatMap(([key, file]) => {
      if (typeof file !== "string") return [];
      const other = owners.get(file);
      owners.set(file, `services.${name}.gateway.${key}`);
      if (other === undefined) return [];
      const at = ["services", name, "gateway", key];
      return [{ at, expected: "a path of its own", got: `${quote(file)}, as ${other}` }];
    });
  });
}

function checkTransport(gateway: Raw, service: Raw, at: At, folder: string): readonly Finding[] {
  const { protocol, sendProxy, path, instancePath } = gateway;
  const findings: Finding[] = [];
  if (sendProxy !== undefined && protocol !== "tcp") {
    const expected =
      'protocol: "tcp" beside it; with HTTP the field Forwarded says who the client is';
    findings.push({ at: [...at, "sendProxy"], expected, got: "a service of HTTP" });
  }
  findings.push(...checkNetworks(gateway, at));
  for (const [key, file] of Object.entries({ path, instancePath })) {
    if (typeof file !== "string") continue;
    const problem = socketPathProblem(isAbsolute(file) ? file : join(folder, file));
    if (problem !== undefined)
      findings.push({ at: [...at, key], expected: "a shorter path", got: problem });
  }
  const replicas = (number(service.replicas) ?? 1) + (number(service.spares) ?? 0);
  if (typeof instancePath === "string" && replicas > 1 && !instancePath.includes(`\${index}`)) {
    const expected = `a path with \${index} in it, because each instance listens on its own`;
    findings.push({ at: [...at, "instancePath"], expected, got: quote(instancePath) });
  }
  return findings;
}

function checkNetworks({ acceptProxy, trustForwarded }: Raw, at: At): readonly Finding[] {
  return Object.entries({ acceptProxy, trustForwarded }).flatMap(([key, networks]) =>
    (Array.isArray(networks) ? networks : []).flatMap((network: unknown, place) => {
      const problem = typeof network === "string" ? networkProblem(network) : undefined;
      if (problem === undefined) return [];
      const expected = 'an address, a network such as "10.0.0.0/8", or "unix"';
      return [{ at: [...at, key, place], expected, got: `${quote(String(network))}: ${problem}` }];
    }),
  );
}
