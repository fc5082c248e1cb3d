// What a service says of TLS and HTTP/2: its certificates, and what its instances are spoken to in.

export interface CertificateFiles {
  /** PEM, with the chain, relative to the project folder; read again when it changes. */
  readonly cert: string;
  readonly key: string;
  /** Hosts it is for, "*.example.com" among them. Default: those in the certificate. */
  readonly names?: readonly string[];
}

export interface SecureConfig {
  /** Clients come over TLS. Of a list the first is for whoever names no host, or another one. */
  readonly tls?: CertificateFiles | readonly CertificateFiles[];
  /** Whether clients of TLS are offered HTTP/2. Default true. */
  readonly http2?: boolean;
  /** A second port, without TLS, whose clients are sent to https. */
  readonly redirectFrom?: number;
  /** What instances speak: HTTP/1.1, or HTTP/2 without TLS, as gRPC does. Default http1. */
  readonly back?: "http1" | "h2c";
}
