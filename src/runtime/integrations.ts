// The face of what an app tells others outside: error trackers, pages, pings, series, messages.
export { type BreadcrumbOptions, type Breadcrumbs, breadcrumbs } from "./report/breadcrumbs.ts";
export { type DebugRoute, type DebugRouteOptions, debugErrorRoute } from "./report/debug-route.ts";
export { type ErrorPageOptions, type ErrorPages, errorPages } from "./report/error-pages.ts";
export { type SentryOptions, type SentryReporter, sentryReporter } from "./report/sentry.ts";
export { type SentrySdk, type SentrySdkReporter, sentrySdkReporter } from "./report/sentry-sdk.ts";
