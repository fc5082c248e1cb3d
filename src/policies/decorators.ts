// Methods behind a pipeline, by one decorator for both kinds: the standard one and TypeScript's older one.
import { HomeostatError } from "../kernel/errors.ts";

/** Any method that gives a promise; the results of others could not wait for a pipeline. */
type Method = (...args: never[]) => Promise<unknown>;

/** Any pipeline, whatever it is bound to and whatever its fallback adds. */
interface AnyPipeline {
  run(work: never, options?: never): Promise<unknown>;
  wrap(work: never, options?: never): unknown;
  wrapWithContext(work: never, options?: never): unknown;
}

/**
 * How a method's calls run, taken from their arguments. Say the types of the parameters: the
 * compiler holds them against the method's.
 */
export interface ThroughOptions {
  signal?(...args: unknown[]): AbortSignal | undefined;
  key?(...args: unknown[]): string | undefined;
  priority?(...args: unknown[]): number | undefined;
}

/**
 * The method itself when it may stand behind the pipeline, else what is wrong with it: the compiler
 * shows that as the type it would have liked.
 */
type Fitting<M extends Method, P extends AnyPipeline, O> = P["run"] extends (
  work: () => ReturnType<M>,
) => ReturnType<M>
  ? [O[keyof O]] extends [((...args: Parameters<M>) => unknown) | undefined]
    ? M
    : "signal, key or priority take other arguments than the method"
  : "the results of the pipeline are not those of the method: look at its bound and its fallback";

/** One function with two faces; the compiler takes that of the mode in which it compiles the class. */
export interface ThroughDecorator<P extends AnyPipeline, O> {
  /** A standard decorator. */
  <M extends Method>(method: Fitting<M, P, O>, context: ClassMethodDecoratorContext): M;
  /** One for `experimentalDecorators`. */
  <M extends Method>(
    owner: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Fitting<M, P, O>>,
  ): TypedPropertyDescriptor<M>;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Each call of the method runs through the pipeline, with its own `this` and arguments.
 * Throws a Misconfigured error for what is no method.
 */
export function through<P extends AnyPipeline, O extends ThroughOptions = Record<never, never>>(
  pipeline: P,
  options?: O,
): ThroughDecorator<P, O> {
  return decorator((method) => pipeline.wrap(method as never, options as never));
}

/**
 * As {@link through}, for a method whose last parameter is the context of the run. Declare it as
 * optional (`context?: RunContext`), as callers leave it out. No parameter may have a default value:
 * the context's place is told by how many parameters there are.
 */
export function throughWithContext<
  P extends AnyPipeline,
  O extends ThroughOptions = Record<never, never>,
>(pipeline: P, options?: O): ThroughDecorator<P, O> {
  return decorator((method) => {
    const place = method.length - 1;
    if (place < 0) throw misused(`${method.name} has no parameter for the context`);
    const placing: AnyFunction = function (...all) {
      const context = all.pop();
      all[place] = context;
      return method.apply(this, all);
    };
    return pipeline.wrapWithContext(placing as never, options as never);
  });
}

/** `wrap` is called once for each method, when its class is defined. */
function decorator(wrap: (method: AnyFunction) => unknown): never {
  const behind = (method: unknown, name: string | symbol): unknown => {
    if (typeof method !== "function") throw misused(`${String(name)} is not a method`);
    const { name: own, length } = method;
    const wrapped = wrap(method as AnyFunction) as AnyFunction;
    return Object.defineProperties(wrapped, { name: { value: own }, length: { value: length } });
  };
  const decorate = (
    first: unknown,
    second: ClassMethodDecoratorContext | string | symbol,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (typeof second !== "object") {
      return { ...descriptor, value: behind(descriptor?.value, second) };
    }
    return behind(second.kind === "method" ? first : undefined, second.name);
  };
  return decorate as never;
}

function misused(why: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `through: ${why}`);
}
