// A heavy module of Node at the moment it is needed, so that an app does not pay for what it never uses.

/**
 * `builtin("node:net").connect(…)`, at the place of use. An `import` loads the module with the app,
 * and reads all its exports once, which loads more: `node:http` brings the whole of `fetch`, 14 MB and
 * 20 ms; `node:fs`, `node:util` and `node:process`, which every process has, a megabyte each. To be
 * imported are only events, path, url, os, async_hooks, diagnostics_channel and perf_hooks.
 */
export const builtin: typeof process.getBuiltinModule = process.getBuiltinModule;
