// What a HAProxy cannot be told: a config that asks for it is refused, and nothing is left out silently.
import type { Finding } from "./problem.ts";
import { type Raw, record } from "./raw.ts";
import { quote } from "./words.ts";

const why = 'gateway: { kind: "own" }, because HAProxy is not told it';

export function checkGatewayKind(root: Raw): readonly Finding[] {
  const { kind, binary } = record(root.gateway);
  if (kind !== "haproxy") {
    if (binary === undefined) return [];
    const expected = 'kind: "haproxy" beside it';
    return [{ at: ["gateway", "binary"], expected, got: quote(String(binary)) }];
  }
  const services = Object.entries(record(root.services)).flatMap(([name, service]) =>
    Object.keys(record(record(service).gateway)).map(
      (key): Finding => ({ at: ["services", name, "gateway", key], expected: why, got: "haproxy" }),
    ),
  );
  const toxiproxy: readonly Finding[] =
    root.toxiproxy === undefined ? [] : [{ at: ["toxiproxy"], expected: why, got: "haproxy" }];
  return [...services, ...toxiproxy];
}
