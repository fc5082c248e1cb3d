// Which program carries the traffic, with its defaults filled in.
import { existsSync } from "node:fs";
import type { WithGatewayKind } from "./config-gateway-kind.ts";

export interface ResolvedGatewayKind {
  /** Absent: the gateway of Homeostat itself. */
  readonly haproxy?: { readonly binary: string };
}

/** Where packages put it; PATH of a user who is not root has none of these. */
const places = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"];

export function toGatewayKind({ gateway }: WithGatewayKind): ResolvedGatewayKind {
  return gateway?.kind === "haproxy" ? { haproxy: { binary: binaryOf(gateway.binary) } } : {};
}

export function binaryOf(binary: string | undefined): string {
  return binary ?? places.find((path) => existsSync(path)) ?? "haproxy";
}
