// The face of what an app tells others outside: error trackers, pages, pings, series, messages.
export { type AmqpLink, amqpLink, amqpNoise, type PublishOptions } from "./messages/amqp.ts";
export type { AmqpConnect, AmqpConnection } from "./messages/amqp-client.ts";
export type { AmqpOptions } from "./messages/amqp-settings.ts";
export {
  badMessage,
  type Delivery,
  delivery,
  type Send,
  type Sink as MessageSink,
  type Source as MessageSource,
} from "./messages/delivery.ts";
export {
  answerIn,
  type Envelope,
  type EnvelopeOptions,
  envelope,
  type Opened,
  open as openEnvelope,
} from "./messages/envelope.ts";
export type { OpenTelemetryApi } from "./messages/opentelemetry-api.ts";
export { type PortSink, type PortSinkOptions, portSink } from "./messages/port-sink.ts";
export { type PortSourceOptions, portSource } from "./messages/ports.ts";
export { type RelayOptions, relay, type WorkerOptions, worker } from "./messages/relay.ts";
export type { MessageContext, MessageTask } from "./messages/settings.ts";
export { currentTrace, readBaggage, type Trace, writeBaggage } from "./messages/trace.ts";
export { zmqRequests, zmqSink, zmqSource } from "./messages/zmq.ts";
export { type CronitorOptions, cronitorReporter } from "./outside/cronitor.ts";
export { fromMetrics } from "./outside/from-metrics.ts";
export { type Heartbeat, heartbeatPing } from "./outside/heartbeat.ts";
export type { HeartbeatOptions, PingKind, Sent } from "./outside/heartbeat-options.ts";
export { type InfluxSink, influxSink } from "./outside/influx.ts";
export type { InfluxOptions } from "./outside/influx-options.ts";
export { encodePoint, type Point } from "./outside/line-protocol.ts";
export {
  type PeerHeartbeats,
  type PeerHeartbeatsOptions,
  peerHeartbeats,
} from "./outside/peers.ts";
export { type BreadcrumbOptions, type Breadcrumbs, breadcrumbs } from "./report/breadcrumbs.ts";
export { type DebugRoute, type DebugRouteOptions, debugErrorRoute } from "./report/debug-route.ts";
export { type ErrorPageOptions, type ErrorPages, errorPages } from "./report/error-pages.ts";
export { type SentryOptions, type SentryReporter, sentryReporter } from "./report/sentry.ts";
export { type SentrySdk, type SentrySdkReporter, sentrySdkReporter } from "./report/sentry-sdk.ts";
