// What the shape of a service's features cannot tell: services that must exist, and words that contradict.
import { networkProblem } from "../gateway/front/networks.ts";
import type { Finding } from "./problem.ts";
import { ms, number, type Raw, record } from "./raw.ts";
import { type At, quote } from "./words.ts";

const keys = ["shed", "faults", "shadow", "accessLog"] as const;

/** `at`: the block `gateway` of the service. */
export function checkFeatures(root: Raw, name: string, gateway: Raw, at: At): readonly Finding[] {
  if (gateway.protocol === "tcp") {
    return keys
      .filter((key) => gateway[key] !== undefined)
      .map((key) => ({
        at: [...at, key],
        expected: "HTTP, because only there are requests",
        got: 'a service of protocol "tcp"',
      }));
  }
  const faults = Array.isArray(gateway.faults) ? gateway.faults : [];
  return [
    ...checkLimit(record(record(gateway.shed).limit), [...at, "shed", "limit"]),
    ...faults.flatMap((fault, i) => checkFault(record(fault), [...at, "faults", i])),
    ...checkShadow(root, name, gateway, at),
  ];
}

function checkLimit(limit: Raw, at: At): readonly Finding[] {
  const [min = 1, max = 10_000] = [number(limit.min), number(limit.max)];
  if (min > max) return [{ at: [...at, "min"], expected: `at most max, ${max}`, got: `${min}` }];
  const initial = number(limit.initial);
  if (initial === undefined || (initial >= min && initial <= max)) return [];
  return [{ at: [...at, "initial"], expected: `from ${min} to ${max}`, got: `${initial}` }];
}

function checkFault(fault: Raw, at: At): readonly Finding[] {
  const findings: Finding[] = [];
  const { delay, jitter, abort } = fault;
  if (delay === undefined && abort === undefined) {
    findings.push({ at, expected: "delay, abort or both", got: "a fault that does nothing" });
  }
  const [delayMs = 0, jitterMs = 0] = [ms(delay), ms(jitter)];
  if (jitterMs > delayMs) {
    findings.push({ at: [...at, "jitter"], expected: "at most the delay", got: `${jitter}` });
  }
  const { client } = record(fault.match);
  const problem = typeof client === "string" ? networkProblem(client) : undefined;
  if (problem !== undefined) {
    const expected = 'an address or a network such as "10.0.0.0/8"';
    findings.push({ at: [...at, "match", "client"], expected, got: `${client}: ${problem}` });
  }
  return findings;
}

function checkShadow(root: Raw, name: string, gateway: Raw, at: At): readonly Finding[] {
  const { to } = record(gateway.shadow);
  const services = record(root.services);
  const own = number(record(services[name]).port);
  const entry = [...at, "shadow", "to"];
  if (to === name || (to === own && own !== undefined)) {
    return [{ at: entry, expected: "another service", got: "the service itself" }];
  }
  if (typeof to !== "string") return [];
  const target = Object.hasOwn(services, to) ? record(services[to]) : undefined;
  if (!target) return [{ at: entry, expected: "a service of this config", got: quote(to) }];
  const why = unfit(target);
  if (why === undefined) return [];
  return [{ at: entry, expected: "a service that can be asked here", got: `${quote(to)}, ${why}` }];
}

function unfit({ port, host, gateway }: Raw): string | undefined {
  const { tls, protocol, acceptProxy } = record(gateway);
  if (port === undefined) return "which has no port";
  if (protocol === "tcp") return 'which is of protocol "tcp"';
  if (tls !== undefined) return "whose port speaks TLS";
  if (acceptProxy !== undefined) return "whose port may expect the PROXY protocol";
  const isHere = host === undefined || /^(?:127\.0\.0\.1|0\.0\.0\.0|localhost|::)$/.test(`${host}`);
  return isHere ? undefined : "whose port is not open on 127.0.0.1";
}
