// What a route says of TLS and HTTP/2: certificates for clients, and what instances are spoken to in.

export interface RouteCertificate {
  /** Whole paths of PEM files; the gateway reads them itself, and again when they change. */
  readonly cert: string;
  readonly key: string;
  /** Absent: those in the certificate. */
  readonly names?: readonly string[];
}

export interface RouteSecure {
  /** Clients come over TLS. Absent: without. */
  readonly tls?: {
    /** The first one is for whoever names no host, or one that none is for. */
    readonly certificates: readonly RouteCertificate[];
    /** Whether HTTP/2 is offered. */
    readonly http2: boolean;
    /** A second port, whose clients are sent to https. */
    readonly redirectFrom?: number;
  };
  /** h2c: HTTP/2 without TLS, known beforehand. Absent: HTTP/1.1. */
  readonly back?: "h2c";
}

/** A certificate that is in force. */
export interface CertificateStats {
  readonly service: string;
  readonly names: readonly string[];
  /** ISO 8601 */
  readonly notAfter: string;
}
