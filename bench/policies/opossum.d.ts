// The part of opossum 10 that is measured here: it comes without types of its own.
declare module "opossum" {
  interface Options {
    readonly timeout?: number | false;
    readonly errorThresholdPercentage?: number;
    readonly volumeThreshold?: number;
    readonly resetTimeout?: number;
    readonly rollingCountTimeout?: number;
    readonly abortController?: AbortController;
    readonly autoRenewAbortController?: boolean;
  }

  export default class CircuitBreaker<Args extends readonly unknown[], Result> {
    constructor(action: (...args: Args) => Result, options?: Options);
    fire(...args: Args): Promise<Awaited<Result>>;
    open(): void;
    getSignal(): AbortSignal | undefined;
  }
}
