// Keeps what the gateway does equal to what the loop wants: the latest routes win.
import type { Applied, GatewayLink } from "../gateway/link.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { type Route, toxiproxyName } from "../protocol/gateway.ts";
import { faultTeller } from "./route-terms.ts";

export interface RoutePusher {
  /** False until the gateway is known to answer: nothing is sent to one that is not there. */
  answers: boolean;
  /** Services whose sockets it could not open, when it was last told. */
  readonly missing: readonly string[];
  want(routes: readonly Route[]): void;
  /** Resolves when what is wanted has been sent, or could not be; never rejects. */
  push(): Promise<void>;
  /** Like `push`; whether the gateway has taken over what is wanted, ports it could not open aside. */
  inStep(): Promise<boolean>;
  /** The gateway has forgotten everything: it is a new process. */
  forget(): void;
}

/** @param terms what is true of the routes at this moment only. */
export function routePusher(
  link: Pick<GatewayLink, "push">,
  log: Log,
  terms: (routes: readonly Route[]) => readonly Route[] = (routes) => routes,
): RoutePusher {
  let wanted: readonly Route[] = [];
  /** What the gateway has taken over. */
  let taken = "";
  /** The same, as long as no port was missing. */
  let opened = "";
  let pushing: Promise<void> = Promise.resolve();
  const current = (): string => JSON.stringify(terms(wanted));
  const isBehind = (): boolean => current() !== opened;

  let missing: readonly string[] = [];
  let told = "";
  /** Tried again every second, told once. */
  const tell = (problems: Applied["problems"]): void => {
    const text = JSON.stringify(problems);
    if (text === told) return;
    told = text;
    for (const problem of problems) log.error("the gateway cannot open a route", { ...problem });
  };

  const tellFaults = faultTeller(log);

  const send = async (): Promise<void> => {
    const routes = terms(wanted);
    if (!self.answers || !isBehind()) return;
    try {
      const { problems } = await link.push(routes);
      tell(problems);
      tellFaults(routes);
      missing = problems.map(({ service }) => service).filter((name) => name !== toxiproxyName);
      taken = JSON.stringify(routes);
      opened = problems.length === 0 ? taken : "";
    } catch (error) {
      log.warn("the gateway did not take the routes", { reason: messageOf(error) });
    }
  };

  const self: RoutePusher = {
    answers: false,
    get missing() {
      return missing;
    },
    want: (routes) => {
      wanted = routes;
      if (isBehind()) void self.push();
    },
    push: () => {
      pushing = pushing.then(send);
      return pushing;
    },
    inStep: async () => {
      await self.push();
      return current() === taken;
    },
    forget: () => {
      self.answers = false;
      taken = "";
      opened = "";
    },
  };
  return self;
}
