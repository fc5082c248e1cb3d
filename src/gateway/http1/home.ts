// What a connection to an instance needs of the instance it leads to.
import type { Clock } from "../../kernel/clock.ts";
import type { Limits } from "./limits.ts";
import type { Sweep } from "./sweep.ts";

export interface Home<Connection> {
  readonly port: number;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly sweep: Sweep;
  /** It answered: it works. */
  worked(): void;
  /** Has no request any more and may have another one. */
  idle(connection: Connection): void;
  closed(connection: Connection): void;
}
