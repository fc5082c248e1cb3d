// The spawner's socket: one daemon at a time gives orders, and hears how each child ends.
import type { Socket } from "node:net";
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { ProcessIdentity } from "../../model/instance.ts";
import { lineCutter } from "../../protocol/lines.ts";
import { listenAlone } from "../../protocol/listen-alone.ts";
import { type Fields, list, mismatch, whole } from "../../protocol/shape.ts";
import {
  type FromSpawner,
  parseToSpawner,
  spawnerLine,
  spawnerProtocol,
  type ToSpawner,
} from "../../protocol/spawner.ts";
import type { Started } from "../linux-spawn.ts";
import type { StartSpec } from "../platform.ts";
import { type Children, keepChildren } from "./children.ts";

export interface ServeOptions {
  readonly socketPath: string;
  readonly identity: ProcessIdentity;
  readonly spawn: (spec: StartSpec) => Promise<Started>;
  /** Closes sockets that are held, but for these. */
  readonly keepSockets: (addresses: readonly string[]) => void;
  readonly now: () => number;
  readonly log: Log;
  /** A daemon told it to end, or nobody needs it any more. */
  readonly onOver: (why: string) => void;
}

const connectionLimit = 16;
/** A daemon that does not read is cut off before its answers fill the memory. */
const unreadLimitBytes = 16 * 1_024 * 1_024;
/** Starts whose answer may have been lost with a connection. */
const answersMax = 256;
/** How long it stays without a daemon, a child or an end to tell. */
const aloneMs = 60_000;

interface World {
  readonly options: ServeOptions;
  readonly children: Children;
  readonly answers: Map<string, Promise<FromSpawner>>;
  readonly sockets: Set<Socket>;
  /** The daemon of the moment. */
  owner?: Socket | undefined;
  retired: boolean;
  retire(): void;
}

/** @throws DAEMON_RUNNING when another process answers on the socket; the system's error else. */
export async function serve(options: ServeOptions): Promise<void> {
  const { spawn, now, onOver } = options;
  const onEnd: Parameters<typeof keepChildren>[0]["onEnd"] = (end) => {
    if (world.owner) say(world, world.owner, { kind: "ended", end });
    if (world.retired && world.children.held().length === 0) onOver("its last child has ended");
  };
  const server = builtin("node:net").createServer((socket) => greet(world, socket));
  const world: World = {
    options,
    children: keepChildren({ spawn, now, onEnd }),
    answers: new Map(),
    sockets: new Set(),
    retired: false,
    retire: () => {
      world.retired = true;
      // Its successor holds them from its first start on.
      options.keepSockets([]);
      // This takes the file away as well: it must be ours still, and is, as the order came by it.
      server.close();
      for (const socket of world.sockets) socket.destroy();
      if (world.children.held().length === 0) onOver("it was retired");
    },
  };
  server.maxConnections = connectionLimit;
  await listenAlone(server, options.socketPath);
  server.on("error", (error) => options.log.warn("socket", { error: messageOf(error) }));
  waitAlone(world);
}

/** A project that was deleted, or that nobody looks after any more, must not leave one for ever. */
function waitAlone(world: World): void {
  const { children, sockets, options } = world;
  setTimeout(() => {
    if (sockets.size > 0 || children.held().length > 0 || children.ends().length > 0) return;
    options.onOver("nobody needs it");
  }, aloneMs).unref();
}

function greet(world: World, socket: Socket): void {
  const { options, sockets } = world;
  sockets.add(socket);
  socket.once("close", () => {
    sockets.delete(socket);
    if (world.owner === socket) world.owner = undefined;
    if (sockets.size === 0) waitAlone(world);
  });
  socket.on("error", (error) => options.log.info("connection lost", { error: messageOf(error) }));
  const refuse = (why: string): void => {
    if (socket.destroyed) return;
    options.log.warn("connection closed", { why });
    socket.destroy();
  };
  const onLine = (line: string): void => {
    if (socket.destroyed) return;
    try {
      take(world, socket, parseToSpawner(line, specOf));
    } catch (error) {
      refuse(messageOf(error));
    }
  };
  socket.on(
    "data",
    lineCutter(onLine, () => refuse("a line is too long")),
  );
  say(world, socket, { kind: "hello", protocol: spawnerProtocol, identity: options.identity });
}

function take(world: World, socket: Socket, message: ToSpawner<StartSpec>): void {
  const { children, options } = world;
  if (message.kind === "list") own(world, socket);
  else if (message.kind === "retire") world.retire();
  else if (message.kind === "stop") options.onOver("it was told to end");
  else if (message.kind === "ping") say(world, socket, { kind: "pong" });
  else if (world.owner !== socket) {
    throw new HomeostatError("WIRE_SHAPE", `kind: expected list first, got ${message.kind}`);
  } else if (message.kind === "taken") children.taken(message.identities);
  else if (message.kind === "keep") options.keepSockets(message.addresses);
  else void answer(world, message.id, message.spec).then((words) => say(world, socket, words));
}

/** What an earlier daemon may still have on its way here is not heard any more. */
function own(world: World, socket: Socket): void {
  const { children } = world;
  if (world.owner !== socket) world.owner?.destroy();
  world.owner = socket;
  const [held, ends, { dropped }] = [children.held(), children.ends(), children];
  say(world, socket, { kind: "list", held, ends, dropped });
}

function answer(world: World, id: string, spec: StartSpec): Promise<FromSpawner> {
  const { answers, children } = world;
  const known = answers.get(id);
  if (known) return known;
  const fresh = children.start(spec).then(
    (identity): FromSpawner => ({ kind: "started", id, identity }),
    (error: unknown): FromSpawner => ({ kind: "failed", id, text: wordsOf(error) }),
  );
  answers.set(id, fresh);
  const [oldest] = answers.keys();
  if (answers.size > answersMax && oldest !== undefined) answers.delete(oldest);
  return fresh;
}

/** Our own words are whole without their cause. */
function wordsOf(error: unknown): string {
  return error instanceof HomeostatError ? error.message : messageOf(error);
}

function say({ options }: World, socket: Socket, message: FromSpawner): void {
  if (socket.destroyed) return;
  socket.write(spawnerLine(message));
  if (socket.writableLength <= unreadLimitBytes) return;
  options.log.warn("connection closed", { why: "the answers are not read" });
  socket.destroy();
}

/** What is needed to name and find the process is checked; the rest is for who makes it run. */
function specOf(value: Fields): StartSpec {
  const words = (of: unknown, at: string): string =>
    typeof of === "string" ? of : mismatch(at, "text", of);
  const { target, project, run, command, cwd, logFile, env, port } = value;
  if (typeof env !== "object" || env === null) mismatch("spec.env", "an object", env);
  for (const [name, text] of Object.entries(env)) words(text, `spec.env.${name}`);
  return {
    ...value,
    target: words(target, "spec.target"),
    project: words(project, "spec.project"),
    run: words(run, "spec.run"),
    command: list(command, "spec.command", 1_048_576, words),
    cwd: words(cwd, "spec.cwd"),
    logFile: words(logFile, "spec.logFile"),
    env: env as StartSpec["env"],
    ...(port === undefined ? {} : { port: whole(port, "spec.port", 1, 65_535) }),
  };
}
