// What a service's words on sharing out its requests can mean: names that exist, rules that can fire.
import type { Finding } from "./problem.ts";
import { ms, number, type Raw, record } from "./raw.ts";
import { outlierDefaults } from "./resolve-gateway-balancing.ts";
import { type At, either, nearest, quote, span } from "./words.ts";

/** More would make each request look at too many. */
const splitMax = 16;

export function checkBalancing(root: Raw, name: string, gateway: Raw, at: At): readonly Finding[] {
  const { balance, split, protocol } = gateway;
  const { hash } = record(balance);
  const { sticky } = record(split);
  return [
    ...checkOne(hash, [...at, "balance", "hash"]),
    ...checkOne(sticky, [...at, "split", "sticky"]),
    ...(protocol === "tcp" ? checkTcp(gateway, at) : []),
    ...checkOutlier(record(gateway.outlier), [...at, "outlier"]),
    ...(split === undefined ? [] : checkSplit(record(root.services), name, record(split), at)),
  ];
}

/** Exactly one of header and cookie. */
function checkOne(value: unknown, at: At): readonly Finding[] {
  if (typeof value !== "object" || value === null) return [];
  const { header, cookie } = record(value);
  if ((header === undefined) !== (cookie === undefined)) return [];
  const got = header === undefined ? "neither of them" : "both";
  return [{ at, expected: "a header or a cookie", got }];
}

/** Nobody reads what goes over a route of tcp. */
function checkTcp({ balance, split, retry }: Raw, at: At): readonly Finding[] {
  const { hash } = record(balance);
  const { sticky, override } = record(split);
  const unread: At[] = [];
  if (hash !== undefined && hash !== "address") unread.push(["balance", "hash"]);
  if (sticky !== undefined) unread.push(["split", "sticky"]);
  if (override !== undefined) unread.push(["split", "override"]);
  if (retry !== undefined) unread.push(["retry"]);
  return unread.map((key) => ({
    at: [...at, ...key],
    expected: 'protocol "http", because what goes over tcp is not read',
    got: 'protocol "tcp"',
  }));
}

function checkOutlier(outlier: Raw, at: At): readonly Finding[] {
  const findings: Finding[] = [];
  const firstMs = ms(outlier.first) ?? outlierDefaults.firstMs;
  const maxMs = ms(outlier.max) ?? outlierDefaults.maxMs;
  if (firstMs > maxMs) {
    const key = outlier.max === undefined ? "first" : "max";
    const expected =
      key === "max" ? `at least outlier.first, ${span(firstMs)}` : `at most ${span(maxMs)}`;
    findings.push({ at: [...at, key], expected, got: span(key === "max" ? maxMs : firstMs) });
  }
  if (outlier.successRate === undefined) return findings;
  const rate = record(outlier.successRate);
  const factor = number(rate.factor) ?? outlierDefaults.factor;
  const instances = number(rate.instances) ?? outlierDefaults.instances;
  // One of n lies at most √(n - 1) standard deviations below the mean of all n.
  if (instances - 1 > factor ** 2) return findings;
  const most = Math.sqrt(Math.max(1, instances) - 1).toFixed(2);
  const expected = `less than ${most}, because none of ${instances} can be further from the mean`;
  return [...findings, { at: [...at, "successRate", "factor"], expected, got: String(factor) }];
}

function checkSplit(services: Raw, name: string, split: Raw, base: At): readonly Finding[] {
  const at = [...base, "split", "weights"];
  const weights = record(split.weights);
  const names = Object.keys(weights);
  if (names.length === 0) return [];
  const findings = names.flatMap((other) => checkTarget(services, name, other, [...at, other]));
  if (!names.includes(name)) {
    findings.push({ at: [...at, name], expected: "a weight, which may be 0", got: "nothing" });
  }
  if (names.length > splitMax) {
    findings.push({ at, expected: `at most ${splitMax} services`, got: String(names.length) });
  }
  if (names.every((one) => weights[one] === 0)) {
    findings.push({ at, expected: "a weight above 0", got: "none" });
  }
  return findings;
}

function checkTarget(services: Raw, name: string, other: string, at: At): readonly Finding[] {
  if (other === name) return [];
  if (!Object.hasOwn(services, other)) {
    const known = Object.keys(services).filter((one) => one !== name);
    const near = nearest(other, known);
    const some =
      known.length === 0 ? "no other, because there is none" : either(known.slice(0, 11));
    return [{ at, expected: near === undefined ? some : quote(near), got: quote(other) }];
  }
  const { port, probe, probes, job, gateway } = record(services[other]);
  const expected = "a service whose instances have a port: give it a port or a probe";
  if (job !== undefined) return [{ at, expected: "a service that serves", got: "a job" }];
  if (port === undefined && probe === undefined && probes === undefined) {
    return [{ at, expected, got: "a service without" }];
  }
  const [own, theirs] = [record(record(services[name]).gateway), record(gateway)];
  return Object.entries({ protocol: "http", back: "http1" }).flatMap(([key, usual]) => {
    const spoken = `${theirs[key] ?? usual}`;
    if (spoken === `${own[key] ?? usual}`) return [];
    return [{ at, expected: `a service with the same ${key}`, got: quote(spoken) }];
  });
}
