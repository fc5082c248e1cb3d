// A server of the gRPC health protocol for tests; the official client of @grpc/grpc-js takes it.
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ProbeTarget } from "../../../src/probes/probe.ts";

/** `missing`: it knows no such service · `silent`: it never answers · `cut`: it hangs up. */
export type StubSays =
  | "SERVING"
  | "NOT_SERVING"
  | "UNKNOWN"
  | "missing"
  | "unimplemented"
  | "silent"
  | "cut"
  | "garbage";

export interface GrpcStub {
  readonly of: ProbeTarget;
  /** The service that was last asked for. */
  readonly asked: string | undefined;
  says(what: StubSays): void;
  close(): Promise<void>;
}

const bodies: Readonly<Partial<Record<StubSays, readonly number[]>>> = {
  SERVING: [0, 0, 0, 0, 2, 8, 1],
  NOT_SERVING: [0, 0, 0, 0, 2, 8, 2],
  // A status of 0 is not written.
  UNKNOWN: [0, 0, 0, 0, 0],
  garbage: [0, 0, 0, 0, 9, 255],
};

export async function grpcStub(first: StubSays = "SERVING"): Promise<GrpcStub> {
  let now = first;
  let asked: string | undefined;
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const body = Buffer.concat(chunks);
      // Five bytes of frame, then tag and length of a name of up to 127 bytes.
      asked = body.subarray(7).toString("utf8");
      const isCheck = headers[":path"] === "/grpc.health.v1.Health/Check";
      answer(stream, isCheck ? now : "unimplemented");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    of: { target: "web/1", port },
    get asked() {
      return asked;
    },
    says: (what) => {
      now = what;
    },
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy();
        server.close(() => resolve());
      }),
  };
}

function answer(stream: ServerHttp2Stream, what: StubSays): void {
  if (what === "silent") return;
  if (what === "cut") {
    stream.session?.destroy();
    return;
  }
  const head = { ":status": 200, "content-type": "application/grpc" };
  const body = bodies[what];
  if (!body) {
    const status = what === "missing" ? "5" : "12";
    stream.respond({ ...head, "grpc-status": status, "grpc-message": what }, { endStream: true });
    return;
  }
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond(head, { waitForTrailers: true });
  stream.end(Buffer.from(body));
}
