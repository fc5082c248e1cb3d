// The modules of mollitia behind the face of the scenarios; it has no signals.
import {
  Circuit,
  type Module,
  Retry,
  SlidingCountBreaker,
  SlidingTimeBreaker,
  Timeout,
} from "mollitia";
import type { Guard, Library, Work } from "./library.ts";

function guard(...modules: Module[]): Guard {
  const circuit = new Circuit({
    // Its type asks for a promise; what comes of a plain value is one of the scenarios.
    func: (work: Work) => work({ signal: undefined }) as Promise<unknown>,
    options: { modules },
  });
  return { givesSignal: false, takesSignal: false, run: (work) => circuit.execute(work) };
}

export const mollitia: Library = {
  name: "mollitia",
  breaker: ({ windowMs, minimumCalls, openMs }) =>
    guard(
      new SlidingTimeBreaker({
        slidingWindowSize: windowMs,
        minimumNumberOfCalls: minimumCalls,
        openStateDelay: openMs,
        permittedNumberOfCallsInHalfOpenState: 1,
        // halfOpenStateMaxDelay, which would give a hung probe up, stays off as by default.
      }),
    ),
  breakerOfDefaults: () => guard(new SlidingCountBreaker()),
  timeout: (ms) => guard(new Timeout({ delay: ms })),
  retry: ({ retries, delayMs }) => guard(new Retry({ attempts: retries, interval: delayMs })),
  composed: () =>
    guard(new Retry({ attempts: 2 }), new SlidingCountBreaker(), new Timeout({ delay: 5_000 })),
};
