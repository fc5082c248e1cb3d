// Clients between their connection and their first request: a route that closes waits for them as well.
import type { Socket } from "node:net";
import type { Connected } from "../relay/desk.ts";

/** Each stage has a limit of its own. @returns to be called when the next one knows of the client. */
export function entering(socket: Socket, clients: Set<Connected>): () => void {
  const client: Connected = { retire() {}, cut: () => void socket.destroy() };
  const leave = (): void => {
    clients.delete(client);
    socket.off("close", leave);
  };
  clients.add(client);
  socket.once("close", leave);
  return leave;
}
