// Watches the config files of services, keeps every version, and puts a proven one back.
import { createHash } from "node:crypto";
import {
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { InputDraft } from "../model/event.ts";
import type { Policy } from "../model/policy.ts";
import { isDiskFull, type Store } from "../stores/store.ts";

export interface ConfigFiles {
  /** Tells the loop of every file of the service (of all, without one) whose content is new. */
  check(service?: string): void;
  restore(service: string, file: string, version: string, by: string): void;
}

/** A larger file is not a config: it is left alone, and that is said once. */
const bytesMax = 1_048_576;

export function watchConfigFiles(options: {
  readonly folder: string;
  readonly policy: Policy;
  readonly store: Store;
  readonly log: Log;
  readonly emit: (draft: InputDraft) => void;
  /** The version that the journal knows of a file. */
  readonly known: (file: string) => string | undefined;
  readonly now: () => number;
}): ConfigFiles {
  const { folder, policy, store, log, emit } = options;
  const full = (file: string): string => (isAbsolute(file) ? file : join(folder, file));

  const changedText = changeReader(log);

  const tell = (service: string, file: string, text: string, by: string): void => {
    const version = createHash("sha256").update(text).digest("hex");
    const previous = options.known(file);
    if (version === previous) return;
    if (!keep(version, text, file)) return;
    const base = { target: service, what: "config" as const, file, version, by };
    const data = { ...base, ...(previous === undefined ? {} : { previous }), atMs: options.now() };
    emit({ type: "change.seen", subject: service, data });
  };

  /** Without a copy it is as if nobody had looked: it is looked at again. */
  function keep(version: string, text: string, file: string): boolean {
    try {
      store.putFile(version, text);
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      log.error("a config file has changed, and the disk is too full to keep it", { file });
      return false;
    }
  }

  return {
    check: (only) => {
      for (const { name, configFiles } of Object.values(policy.services)) {
        if (only !== undefined && only !== name) continue;
        for (const file of configFiles) {
          const text = changedText(file, full(file));
          if (text !== undefined) tell(name, file, text, "someone");
        }
      }
    },
    restore: (service, file, version, by) => {
      const text = store.getFile(version);
      if (text === undefined) {
        const message = `version ${version.slice(0, 8)} of ${file} is not kept`;
        throw new HomeostatError("ACTION_FAILED", message);
      }
      const named = full(file);
      // A link stays a link: what it points to is replaced.
      const path = existsSync(named) ? realpathSync(named) : named;
      const fresh = `${path}.homeostat-${version.slice(0, 8)}`;
      writeFileSync(fresh, text, { mode: existsSync(path) ? statSync(path).mode : 0o644 });
      renameSync(fresh, path);
      tell(service, file, text, by);
    },
  };
}

/** Answers with the text of a file when it may be new: another inode, size or time than before. */
function changeReader(log: Log): (file: string, path: string) => string | undefined {
  const warned = new Set<string>();
  const stamps = new Map<string, string>();
  const warnOnce = (file: string, why: string): undefined => {
    if (!warned.has(file)) log.warn("a config file is not watched", { file, why });
    warned.add(file);
    return undefined;
  };
  return (file, path) => {
    try {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat) return warnOnce(file, "it is not there");
      const stamp = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      if (stamps.get(file) === stamp) return undefined;
      if (stat.size > bytesMax) return warnOnce(file, `it is larger than ${bytesMax} bytes`);
      const text = readFileSync(path, "utf8");
      stamps.set(file, stamp);
      warned.delete(file);
      return text;
    } catch (error) {
      // A folder in its place, no rights, gone between two calls: all healing must not end of it.
      return warnOnce(file, messageOf(error));
    }
  };
}
