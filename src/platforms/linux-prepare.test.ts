// What a service asks for becomes what spawn takes, with a shell line only where it is needed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsSetpriv, type Prepared, prepare } from "./linux-prepare.ts";
import type { ProcessSettings, StartSpec } from "./platform.ts";

const spec: StartSpec = {
  target: "web/1",
  project: "/p",
  run: "r1",
  command: ["node", "web.js", "$(rm -rf /)"],
  cwd: "/srv",
  env: { A: "1" },
  logFile: "/log",
};

function prepared(settings: ProcessSettings): Prepared {
  return prepare({ ...spec, settings });
}

/** The shell line and what it execs. */
function line(settings: ProcessSettings): readonly [script: string, words: readonly string[]] {
  const { file, args } = prepared(settings);
  assert.deepEqual([file, args[0], args[2]], ["/bin/sh", "-c", "homeostat"]);
  return [args[1] ?? "", args.slice(3)];
}

describe("prepare", () => {
  it("adds the marks and the port, and nothing else", () => {
    assert.deepEqual(prepare({ ...spec, port: 80 }), {
      file: "node",
      args: ["web.js", "$(rm -rf /)"],
      cwd: "/srv",
      env: {
        A: "1",
        HOMEOSTAT_PROJECT: "/p",
        HOMEOSTAT_INSTANCE: "web/1",
        HOMEOSTAT_RUN: "r1",
        PORT: "80",
      },
    });
  });

  it("lets spawn itself change the user", () => {
    const { file, uid, gid } = prepared({ account: { uid: 33, gid: 34, groups: [34] } });
    assert.deepEqual({ file, uid, gid }, { file: "node", uid: 33, gid: 34 });
  });

  it("never puts the command into the shell line", () => {
    const [script, words] = line({ umask: "027" });
    assert.deepEqual(words, spec.command);
    assert.doesNotMatch(script, /rm -rf/);
    assert.match(script, /^umask 027 \|\| refuse/m);
    assert.ok(script.endsWith('\nexec "$@"'), script);
  });

  it("changes the user last, when there is more to be done as root", () => {
    const account = { uid: 33, gid: 33, groups: [] };
    const [, words] = line({ umask: "027", nice: 3, account });
    assert.deepEqual(words.slice(0, 2), ["nice", "-n"]);
    const rest = ["setpriv", "--reuid=33", "--regid=33", "--clear-groups", "--"];
    assert.deepEqual(words.slice(3), [...rest, ...spec.command]);
    assert.equal(prepared({ umask: "027", account }).uid, undefined);
  });

  it("gives further groups by setpriv", () => {
    const [script, words] = line({ account: { uid: 33, gid: 33, groups: [4, 24] } });
    assert.equal(script, 'exec "$@"');
    assert.equal(words[3], "--groups=33,4,24");
  });

  it("counts limits in the units of ulimit", () => {
    const [script] = line({
      ulimit: { coreMiB: 1, stackMiB: 2, processes: 9, files: "unlimited", virtualMiB: 0 },
    });
    for (const piece of [
      "ulimit -c 2048 ",
      "ulimit -s 2048 ",
      "{ ulimit -u 9 2>/dev/null || ulimit -p 9 2>/dev/null; }",
      "ulimit -n unlimited ",
      "ulimit -v 0 ",
    ]) {
      assert.ok(script.includes(piece), `${piece} in\n${script}`);
    }
  });

  it("enters cgroups by quoted names, before anything else", () => {
    const [script] = line({ cgroups: ["/sys/it's/cgroup.procs"], oomScore: 5 });
    const steps = script.split("\n");
    assert.ok(steps[1]?.startsWith("{ echo $$ >'/sys/it'\\''s/cgroup.procs'; }"), script);
    assert.match(steps[2] ?? "", /echo 5 >\/proc\/self\/oom_score_adj/);
  });

  it("tells the process where it can say how it is, and by which pid it is meant", () => {
    const told = prepare({ ...spec, notify: { socket: "/s/web-1" } });
    assert.equal(told.env.NOTIFY_SOCKET, "/s/web-1");
    assert.deepEqual([told.env.WATCHDOG_USEC, told.file], [undefined, spec.command[0]]);
    const watched = prepare({ ...spec, notify: { socket: "/s/web-1", watchdogMs: 1_500 } });
    assert.equal(watched.env.WATCHDOG_USEC, "1500000");
    assert.equal(watched.args[1], 'WATCHDOG_PID=$$; export WATCHDOG_PID\nexec "$@"');
  });

  it("tells the process of its sockets: only itself knows its pid", () => {
    const sockets = [
      { name: "http", host: "::", port: 80 },
      { name: "local", path: "/run/web.sock" },
    ];
    const account = { uid: 33, gid: 34, groups: [34] };
    const { file, args, env, uid, gid } = prepare({ ...spec, sockets, settings: { account } });
    assert.deepEqual([env.LISTEN_FDS, env.LISTEN_FDNAMES], ["2", "http:local"]);
    assert.deepEqual([file, args.slice(2)], ["/bin/sh", ["homeostat", ...spec.command]]);
    assert.equal(args[1], 'LISTEN_PID=$$; export LISTEN_PID\nexec "$@"');
    assert.deepEqual({ uid, gid }, { uid: 33, gid: 34 });
    const more = prepare({ ...spec, sockets, settings: { umask: "027", nice: 3 } });
    assert.match(
      more.args[1] ?? "",
      /umask 027.*\nLISTEN_PID=\$\$; export LISTEN_PID\nexec "\$@"$/,
    );
    assert.equal(more.args[3], "nice");
  });

  it("takes no text where a number belongs", () => {
    const evil = "1; rm -rf /" as never;
    for (const settings of [
      { umask: evil },
      { nice: evil },
      { oomScore: evil },
      { ulimit: { files: evil } },
      { account: { uid: evil, gid: 1, groups: [2] } },
    ]) {
      assert.throws(() => prepared(settings), TypeError);
    }
  });

  it("knows when setpriv must be there", () => {
    const account = { uid: 33, gid: 33, groups: [] };
    assert.equal(needsSetpriv({ umask: "022", nice: 1 }), false);
    assert.equal(needsSetpriv({ account }), false);
    assert.equal(needsSetpriv({ account, umask: "022" }), true);
    assert.equal(needsSetpriv({ account, nice: 1 }), true);
    assert.equal(needsSetpriv({ account: { ...account, groups: [4] } }), true);
    assert.equal(needsSetpriv({ account, resources: { processes: 5 } }), true);
  });
});
