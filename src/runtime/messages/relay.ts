// Tasks over messages: a relay passes on what it makes of each, a worker answers each.
import { HomeostatError } from "../../kernel/errors.ts";
import { anything, called } from "../../policies/options.ts";
import { type Sink, sendOf } from "./delivery.ts";
import { envelope, told } from "./envelope.ts";
import { checkTask, type MessageContext, type MessageTask, type TaskOptions } from "./settings.ts";
import { createTask } from "./task.ts";

export interface RelayOptions<In, Out> extends TaskOptions<In> {
  /** Gets envelopes: the data that `process` answers, with the trace of the message it was made of. */
  readonly to: Sink;
  /** Undefined: nothing is passed on. What it throws makes the message a bad one. */
  readonly process: (
    data: In,
    context: MessageContext,
  ) => Out | undefined | Promise<Out | undefined>;
}

/**
 * Takes messages, processes them and passes on what comes of them, in their order. A message is
 * acknowledged when the sink has what came of it, so one that is lost on the way comes again: each
 * is processed at least once. @throws OPTION_INVALID
 */
export function relay<In = unknown, Out = unknown>(options: RelayOptions<In, Out>): MessageTask {
  checkTask("relay", options, { to: anything, process: called });
  const send = sendOf(options.to);
  return createTask<In>(options, {
    process: async (data, context) => {
      const out = await options.process(data, context);
      return out === undefined ? undefined : envelope(out);
    },
    deliver: (out, _of, context) => (out ? send(out, context) : undefined),
  });
}

export interface WorkerOptions<In, Out> extends TaskOptions<In> {
  /** What it answers is the answer; who asked is told what it throws, without secrets. */
  readonly handle: (data: In, context: MessageContext) => Out | Promise<Out>;
}

/** Answers requests of a source that takes answers. @throws OPTION_INVALID */
export function worker<In = unknown, Out = unknown>(options: WorkerOptions<In, Out>): MessageTask {
  checkTask("worker", options, { handle: called });
  return createTask<In>(options, {
    process: async (data, context) => envelope(await options.handle(data, context)),
    deliver: (out, of) => {
      if (of.reply) return out && of.reply(out);
      const name = `worker ${options.name}`;
      throw new HomeostatError("OPTION_INVALID", `${name}: its source takes no answers`);
    },
    refuse: (error, of) => of.reply?.({ ...envelope(null), error: told(error) }),
  });
}
