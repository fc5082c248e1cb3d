// TLS and HTTP/2 of a route as they come over the control socket, and the certificates in force.
import type {
  CertificateStats,
  RouteCertificate,
  RouteSecure,
} from "../../protocol/gateway-secure.ts";
import {
  type Fields,
  fields,
  flag,
  list,
  maybe,
  moment,
  text,
  whole,
  word,
} from "../../protocol/shape.ts";

const certificateLimit = 100;
const nameLimit = 1_000;

/** @throws WIRE_SHAPE */
export function secure(route: Fields, at: string): RouteSecure {
  return {
    ...maybe("tls", route.tls, at, tls),
    ...maybe("back", route.back, at, (value, where) => word(value, where, ["h2c"] as const)),
  };
}

function tls(value: unknown, at: string): NonNullable<RouteSecure["tls"]> {
  const raw = fields(value, at);
  return {
    certificates: list(raw.certificates, `${at}.certificates`, certificateLimit, certificate),
    http2: flag(raw.http2, `${at}.http2`),
    ...maybe("redirectFrom", raw.redirectFrom, at, (port, where) => whole(port, where, 1, 65_535)),
  };
}

function certificate(value: unknown, at: string): RouteCertificate {
  const raw = fields(value, at);
  return {
    cert: text(raw.cert, `${at}.cert`),
    key: text(raw.key, `${at}.key`),
    ...maybe("names", raw.names, at, names),
  };
}

function names(value: unknown, at: string): readonly string[] {
  return list(value, at, nameLimit, text);
}

/** @throws WIRE_SHAPE */
export function certificates(value: unknown, at: string): readonly CertificateStats[] {
  return list(value, at, 256 * certificateLimit, (entry, where) => {
    const raw = fields(entry, where);
    return {
      service: text(raw.service, `${where}.service`),
      names: names(raw.names, `${where}.names`),
      notAfter: moment(raw.notAfter, `${where}.notAfter`),
    };
  });
}
