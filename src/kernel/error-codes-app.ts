// The error codes of the library inside an app: its parts and its policies.

export const appCodes = {
  OPTION_INVALID: {
    family: "Misconfigured",
    retryable: false,
    meaning: "a part of the library was given an option that cannot be",
    hint: "mend the option that the message names",
  },
  DEPENDENCY_LOST: {
    family: "Refused",
    retryable: false,
    meaning: "the app lost something it cannot do without, and ends to be started again",
    hint: "look at the dependency that the message names; whoever runs the app starts it again",
  },
  FEATURE_UNAVAILABLE: {
    family: "Refused",
    retryable: true,
    meaning: "a feature of the app is switched off and has no fallback",
    hint: "`details.why` tells by whom or by which check; it comes back by itself with the check",
  },
  SYNTHETIC_FAILED: {
    family: "ActionFailed",
    retryable: true,
    meaning: "a synthetic scenario found something else than it expected",
    hint: "the message names the address, what was expected and what came; run it again by its seed",
  },
  WATCHED_LOST: {
    family: "Broken",
    retryable: false,
    meaning: "something that has to live in this process ended: a worker, a child, a task, a loop",
    hint: "the message names it and the place that started it; whoever runs the app starts it again",
  },
  NOT_DELIVERED: {
    family: "Refused",
    retryable: true,
    meaning: "a service outside did not take what was sent to it",
    hint: "look at the address, the key and the service that the message names",
  },
  ALREADY_RUNNING: {
    family: "Refused",
    retryable: false,
    meaning: "the app runs already, and only one of it may",
    hint: "use the one that runs, or end it by the pid that the message names",
  },
  BREAKER_OPEN: {
    family: "Refused",
    retryable: true,
    meaning: "a circuit breaker is open: the target failed too often",
    hint: "try again after details.retryAfterMs; the breaker then lets probes through",
  },
  BULKHEAD_FULL: {
    family: "Refused",
    retryable: true,
    meaning: "as many calls as the bulkhead takes are running and waiting",
    hint: "raise the limit or the queue, or send fewer calls at once",
  },
  RATE_LIMITED: {
    family: "Refused",
    retryable: true,
    meaning: "more calls came than the rate limiter lets through",
    hint: "try again after details.retryAfterMs",
  },
  CONCURRENCY_LIMITED: {
    family: "Refused",
    retryable: true,
    meaning: "the adaptive limit of concurrent calls is reached",
    hint: "the target answers slower than it did; the limit grows again by itself",
  },
  THROTTLED: {
    family: "Refused",
    retryable: true,
    meaning: "the target refuses so many calls that this one was not sent",
    hint: "send what matters most with the lowest priority number; less is held back as the target recovers",
  },
  HOST_EJECTED: {
    family: "Refused",
    retryable: true,
    meaning: "the host fails more than its fellows and is left out for a while",
    hint: "use another host; this one is tried again after details.retryAfterMs",
  },
  CHAOS: {
    family: "ActionFailed",
    retryable: true,
    meaning: "a fault was injected on purpose",
    hint: "the chaos strategy of this pipeline is armed",
  },
} as const;
