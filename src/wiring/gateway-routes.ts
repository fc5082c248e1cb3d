// Keeps what the gateway does equal to what the loop wants: the latest routes win.
import type { GatewayLink } from "../gateway/link.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Route } from "../protocol/gateway.ts";

export interface RoutePusher {
  /** False until the gateway is known to answer: nothing is sent to one that is not there. */
  answers: boolean;
  want(routes: readonly Route[]): void;
  /** Resolves when what is wanted has been sent, or could not be; never rejects. */
  push(): Promise<void>;
  /** Like `push`, and once more when it failed. */
  inStep(): Promise<void>;
  /** The gateway has forgotten everything: it is a new process. */
  forget(): void;
}

export function routePusher(link: GatewayLink, log: Log): RoutePusher {
  let wanted: readonly Route[] = [];
  let pushed = "";
  let pushing: Promise<void> = Promise.resolve();
  const isBehind = (): boolean => JSON.stringify(wanted) !== pushed;

  const send = async (): Promise<void> => {
    const routes = wanted;
    if (!self.answers || !isBehind()) return;
    try {
      const { problems } = await link.push(routes);
      for (const problem of problems) log.error("the gateway cannot open a route", { ...problem });
      pushed = problems.length === 0 ? JSON.stringify(routes) : "";
    } catch (error) {
      log.warn("the gateway did not take the routes", { reason: messageOf(error) });
    }
  };

  const self: RoutePusher = {
    answers: false,
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
      if (isBehind()) await self.push();
    },
    forget: () => {
      self.answers = false;
      pushed = "";
    },
  };
  return self;
}
