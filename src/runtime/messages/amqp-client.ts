// What is needed of an AMQP 0-9-1 client: the promise API of amqplib fits.

export interface AmqpMessage {
  readonly content: Uint8Array;
  readonly fields: {
    readonly deliveryTag: number;
    readonly redelivered: boolean;
    readonly exchange: string;
    readonly routingKey: string;
  };
  readonly properties: {
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
    readonly messageId?: unknown;
    readonly replyTo?: unknown;
    readonly correlationId?: unknown;
  };
}

type Options = Record<string, unknown>;
type Listener = (...facts: readonly unknown[]) => void;

export interface AmqpChannel {
  assertExchange(exchange: string, type: string, options?: Options): Promise<unknown>;
  assertQueue(queue?: string, options?: Options): Promise<{ readonly queue: string }>;
  bindQueue(queue: string, source: string, pattern: string): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  /** Calls with null when the server cancels the consumer. */
  consume(
    queue: string,
    onMessage: (message: AmqpMessage | null) => void,
    options?: Options,
  ): Promise<{ readonly consumerTag: string }>;
  cancel(consumerTag: string): Promise<unknown>;
  ack(message: never): void;
  nack(message: never, allUpTo?: boolean, requeue?: boolean): void;
  sendToQueue(queue: string, content: Buffer, options?: Options): boolean;
  close(): Promise<void>;
  on(event: string, listener: Listener): unknown;
}

export interface AmqpConfirmChannel extends Omit<AmqpChannel, "sendToQueue"> {
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: Options,
    confirmed: (error: unknown) => void,
  ): boolean;
}

export interface AmqpConnection {
  createChannel(): Promise<AmqpChannel>;
  createConfirmChannel(): Promise<AmqpConfirmChannel>;
  close(): Promise<void>;
  on(event: string, listener: Listener): unknown;
}

/** `connect` of amqplib. */
export type AmqpConnect = (
  url: string,
  socket: { readonly timeout: number },
) => Promise<AmqpConnection>;
