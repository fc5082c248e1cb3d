// TLS and HTTP/2 of a service, as the gateway is told it.
import { isAbsolute, join } from "node:path";
import type { RouteCertificate, RouteSecure } from "../protocol/gateway-secure.ts";
import type { CertificateFiles, SecureConfig } from "./config-gateway-secure.ts";

export function toSecure(config: SecureConfig, folder: string): RouteSecure {
  const { tls, http2 = true, redirectFrom, back } = config;
  const whole = (file: string): string => (isAbsolute(file) ? file : join(folder, file));
  const certificateOf = ({ cert, key, names }: CertificateFiles): RouteCertificate => ({
    ...{ cert: whole(cert), key: whole(key) },
    ...(names ? { names } : {}),
  });
  const all = tls === undefined ? [] : "cert" in tls ? [tls] : tls;
  return {
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...{ certificates: all.map(certificateOf), http2 },
            ...(redirectFrom === undefined ? {} : { redirectFrom }),
          },
        }),
    ...(back === "h2c" ? { back } : {}),
  };
}
