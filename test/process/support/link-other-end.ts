// A daemon in a process of its own, to be killed: it greets, orders once and hands on the answer.
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { lineCutter } from "../../../src/protocol/lines.ts";
import { encodeLink, parseFromApp } from "../../../src/protocol/link-wire.ts";

const [path = ""] = process.argv.slice(2);
rmSync(path, { force: true });

createServer((socket) => {
  const onLine = (line: string): void => {
    const message = parseFromApp(line);
    if (message.kind === "answer") process.send?.(message);
    if (message.kind !== "hello") return;
    socket.write(encodeLink({ kind: "welcome", protocol: 1, everyMs: 100, run: "the same" }));
    const order = { kind: "do", name: "rehearse" } as const;
    socket.write(encodeLink({ kind: "order", id: 1, order, by: "test" }));
  };
  socket.on(
    "data",
    lineCutter(onLine, () => socket.destroy()),
  );
  socket.on("error", () => {});
}).listen(path, () => process.send?.("listening"));
process.once("disconnect", () => process.exit());
