// Reads a pm2 ecosystem file: one that is code runs in a process of its own, with little time and memory.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { parse } from "yaml";
import { HomeostatError } from "../../kernel/errors.ts";

const limitMs = 10_000;
const memoryMiB = 256;
const bytesMax = 1_048_576;

/** What a function would have said stays as text, so that it is told and not lost. */
const program = `
const { pathToFileURL } = require("node:url");
import(pathToFileURL(process.argv[1])).then((module) => {
  const value = module.default ?? module;
  const told = (_, it) => (typeof it === "function" ? "[a function]" : it);
  require("node:fs").writeSync(3, JSON.stringify(value, told) ?? "null");
  process.exit(0);
}).catch((error) => {
  process.stderr.write(String(error?.stack ?? error));
  process.exit(1);
});`;

/** @throws USAGE for one that cannot be read. */
export async function readPm2(path: string): Promise<unknown> {
  const ending = extname(path).toLowerCase();
  try {
    if (ending === ".yml" || ending === ".yaml") return parse(readFileSync(path, "utf8"));
    if (ending === ".json") return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw unreadable(path, String(error));
  }
  return evaluate(path);
}

/** Its output is no part of the answer, and what it leaves open ends with it. */
function evaluate(path: string): Promise<unknown> {
  const flags = [`--max-old-space-size=${memoryMiB}`, "-e", program, path];
  const child = spawn(process.execPath, flags, {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let [said, text] = ["", ""];
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    said = (said + piece).slice(0, 2_000);
  });
  const answer = child.stdio[3] as NodeJS.ReadableStream;
  answer.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    if (text.length > bytesMax) child.kill("SIGKILL");
  });
  child.once("error", (error) => reject(unreadable(path, error.message)));
  child.once("close", (code, signal) => {
    if (signal !== null) {
      const why = text.length > bytesMax ? "its apps are more than 1 MiB" : "it ran for over 10 s";
      reject(unreadable(path, why));
    } else if (code !== 0) reject(unreadable(path, said.split("\n").slice(0, 5).join("\n")));
    else resolve(JSON.parse(text));
  });
  return promise;
}

function unreadable(path: string, why: string): HomeostatError {
  return new HomeostatError("USAGE", `${path} cannot be read: ${why}`);
}
