// Methods behind a pipeline; decorators are applied by hand, as Node strips types but not decorators.
import assert from "node:assert/strict";
import { test } from "node:test";
import { through, throughWithContext } from "./decorators.ts";
import { type CallEvent, calls } from "./events.ts";
import { breaker, compose, pipeline, type RunContext } from "./index.ts";

type Decorator = ReturnType<typeof through>;
type Loose = (...args: readonly unknown[]) => unknown;

/** What the compiler makes of a decorated method, in each of its modes. */
const modes = {
  standard(owner: object, name: string, decorator: unknown): void {
    const method = Object.getOwnPropertyDescriptor(owner, name)?.value;
    const context = { kind: "method", name, static: false, private: false, metadata: {} };
    const value = (decorator as Loose)(method, context);
    Object.defineProperty(owner, name, { value });
  },
  legacy(owner: object, name: string, decorator: unknown): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    const made = (decorator as Loose)(owner, name, descriptor) as PropertyDescriptor;
    Reflect.deleteProperty(owner, name);
    Object.defineProperty(owner, name, made);
  },
};

const fails = (): never => {
  throw new Error("away");
};

for (const [mode, decorate] of Object.entries(modes)) {
  const withRetry = () => pipeline({ name: "t", retry: { retries: 2, backoff: 0 } });

  test(`${mode}: calls run through the pipeline with their own this and arguments`, async () => {
    const api = withRetry();
    class Repo {
      tries = 0;
      readonly prefix: string;
      constructor(prefix: string) {
        this.prefix = prefix;
      }
      async find(...ids: number[]): Promise<string> {
        this.tries += 1;
        return this.tries < 3 ? fails() : `${this.prefix}:${ids}`;
      }
    }
    decorate(Repo.prototype, "find", through(api));
    const [a, b] = [new Repo("a"), new Repo("b")];
    assert.deepEqual(await Promise.all([a.find(1, 2), b.find(3)]), ["a:1,2", "b:3"]);
    assert.deepEqual([a.tries, b.tries], [3, 3]);
    assert.deepEqual([api.counters.calls, api.counters.retries], [2, 4]);
  });

  test(`${mode}: a static method and one that a class inherits`, async () => {
    const api = withRetry();
    class Base {
      static async make(): Promise<unknown> {
        return new Base();
      }
      async who(): Promise<string> {
        return this.constructor.name;
      }
    }
    class Derived extends Base {
      override async who(): Promise<string> {
        return `${await super.who()}!`;
      }
    }
    decorate(Base, "make", through(api));
    decorate(Base.prototype, "who", through(api));
    assert.ok((await Derived.make()) instanceof Base);
    assert.equal(await new Derived().who(), "Derived!");
    assert.equal(api.counters.calls, 2);
  });

  test(`${mode}: signal, key and priority are taken from this and the arguments`, async () => {
    class Repo {
      readonly tenant = "acme";
      async find(_id: number, signal?: AbortSignal): Promise<string> {
        await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(fails)));
        return "never";
      }
    }
    const told: CallEvent[] = [];
    const listener = (event: unknown): void => void told.push(event as CallEvent);
    calls.subscribe(listener);
    const options = {
      signal: (_id: number, signal?: AbortSignal) => signal,
      key(this: Repo, id: number) {
        return `${this.tenant}/${id}`;
      },
      priority: () => 2,
    };
    let priority: number | undefined;
    const spy = {
      name: "spy",
      enter: (call: { priority: number | undefined }) => {
        priority = call.priority;
      },
      exit: () => undefined,
    };
    decorate(Repo.prototype, "find", through(compose(spy), options));
    const control = new AbortController();
    const call = new Repo().find(7, control.signal);
    control.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    calls.unsubscribe(listener);
    assert.deepEqual(
      told.map(({ key, cancelled }) => [key, cancelled]),
      [["acme/7", true]],
    );
    assert.equal(priority, 2);
  });

  test(`${mode}: the context takes its place, whatever callers leave out or pass`, async () => {
    class Repo {
      readonly seen: unknown[] = [];
      async find(id: number, limit?: number, context?: RunContext): Promise<string> {
        this.seen.push([id, limit, context?.attempt, context?.key]);
        return context?.attempt === 2 ? "found" : fails();
      }
    }
    const key = (id: number): string => `user/${id}`;
    decorate(Repo.prototype, "find", throughWithContext(withRetry(), { key }));
    const repo = new Repo();
    assert.equal(await repo.find(7), "found");
    assert.deepEqual(repo.seen.splice(0), [
      [7, undefined, 0, "user/7"],
      [7, undefined, 1, "user/7"],
      [7, undefined, 2, "user/7"],
    ]);
    const foreign = { attempt: 9, signal: AbortSignal.abort(), key: "k", priority: 1 };
    await repo.find(7, 5, foreign);
    assert.deepEqual(repo.seen.at(-1), [7, 5, 2, "user/7"]);
  });

  test(`${mode}: name, length and what else the property is stay`, async () => {
    class Repo {
      async find(_id: number, _limit: number): Promise<void> {}
    }
    const before = Object.getOwnPropertyDescriptor(Repo.prototype, "find");
    decorate(Repo.prototype, "find", through(withRetry()));
    const { name, length } = Repo.prototype.find;
    assert.deepEqual([name, length], ["find", 2]);
    const { value: _, ...after } = Object.getOwnPropertyDescriptor(Repo.prototype, "find") ?? {};
    const { value: __, ...was } = before ?? {};
    assert.deepEqual(after, was);
    assert.deepEqual(Object.keys(new Repo()), []);
  });

  test(`${mode}: a shared breaker opens for all methods behind it`, async () => {
    const circuit = breaker({ minimumCalls: 2, window: { kind: "count", calls: 2 } });
    class Repo {
      async find(): Promise<string> {
        return fails();
      }
      async save(): Promise<string> {
        return "saved";
      }
    }
    const api = compose({ name: "repo" }, circuit);
    decorate(Repo.prototype, "find", through(api));
    decorate(Repo.prototype, "save", through(api));
    const repo = new Repo();
    for (let i = 0; i < 2; i++) await assert.rejects(repo.find(), /away/);
    await assert.rejects(repo.save(), { code: "BREAKER_OPEN" });
  });

  test(`${mode}: what is no method is a mistake`, () => {
    class Repo {
      get size(): number {
        return 1;
      }
      async find(): Promise<void> {}
    }
    const usage = (message: RegExp) => ({ code: "OPTION_INVALID", message });
    const decorator: Decorator = through(withRetry());
    assert.throws(() => decorate(Repo.prototype, "size", decorator), usage(/size is not a method/));
    const aware = throughWithContext(withRetry());
    assert.throws(
      () => decorate(Repo.prototype, "find", aware),
      usage(/find has no parameter for the context/),
    );
  });
}

test("a field, a class and an accessor cannot be decorated", () => {
  const decorator = through(pipeline({ name: "t" })) as unknown as Loose;
  for (const kind of ["field", "getter", "setter", "accessor", "class"]) {
    assert.throws(() => decorator(() => {}, { kind, name: "it" }), /it is not a method/);
  }
  assert.throws(() => decorator({}, "field", undefined), /field is not a method/);
  assert.throws(() => decorator({}, Symbol("s"), {}), /Symbol\(s\) is not a method/);
});
