// The connections in HTTP/2 to each instance: as few as its requests fit in.
import type { Home, OpenCarrier } from "../relay/home.ts";
import { type Boarding, InstanceSession, type Sessions } from "./instance-session.ts";
import { InstanceStream } from "./instance-stream.ts";

class InstanceSessions implements Sessions {
  readonly #home: Home;
  readonly #all: Set<InstanceSession> = new Set();

  constructor(home: Home) {
    this.#home = home;
  }

  board(boarding: Boarding, alone: boolean): InstanceSession {
    const session = this.#withRoom(alone) ?? this.#open();
    session.board(boarding);
    return session;
  }

  #withRoom(alone: boolean): InstanceSession | undefined {
    for (const session of this.#all) if (session.hasRoom(alone)) return session;
    return undefined;
  }

  #open(): InstanceSession {
    const session = new InstanceSession(this.#home, () => this.#all.delete(session));
    this.#all.add(session);
    return session;
  }
}

/** Opens ways to instances that speak h2c; one of these for all of a route. */
export function createH2cCarriers(): OpenCarrier {
  const sessions = new WeakMap<Home, InstanceSessions>();
  return (home, isOwn) => {
    const own = sessions.get(home) ?? new InstanceSessions(home);
    sessions.set(home, own);
    return new InstanceStream(home, own, isOwn);
  };
}
