// Which processes of Homeostat itself run for a state folder, whether or not they answer.
import { gatewayTarget, spawnerTarget } from "../model/target.ts";
import { oursOf } from "../platforms/ours.ts";

/** A gateway, or the spawner that holds its sockets while it is gone. */
export function socketsAreHeld(stateFolder: string): boolean {
  return oursOf(stateFolder, gatewayTarget, spawnerTarget).length > 0;
}
