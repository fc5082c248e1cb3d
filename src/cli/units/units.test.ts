// What is written for other supervisors: quoted as each of them reads it, with the times of the chain.
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeFile, dockerfile } from "./docker.ts";
import { supervisordProgram } from "./supervisord.ts";
import { systemdUnit } from "./systemd.ts";
import type { Around } from "./unit.ts";

const around: Around = {
  project: "shop",
  folder: "/srv/the 100% shop",
  file: "homeostat.yaml",
  command: ["/usr/bin/node", "/opt/$x/main.js", "--folder", '/srv/the 100% "shop"', "up"],
  user: "shop",
  path: "/opt/node/bin:/bin",
  stopMs: 22_000,
  graceMs: 24_500,
  ports: [
    { service: "web", port: 8_080, open: true },
    { service: "api", port: 8_081, open: false },
  ],
  packaged: { lockfile: true, hasHomeostat: true },
  version: "1.2.3",
};
const root: Around = { ...around, user: undefined };

test("systemd: words are quoted, % and $ mean themselves, and times follow", () => {
  const { text } = systemdUnit(around);
  for (const line of [
    'ExecStart=/usr/bin/node /opt/$$x/main.js --folder "/srv/the 100%% \\"shop\\"" up',
    "WorkingDirectory=/srv/the 100%% shop",
    "TimeoutStopSec=25s",
    "User=shop",
    "KillMode=mixed",
    "Restart=on-failure",
    "CapabilityBoundingSet=",
    "Environment=PATH=/opt/node/bin:/bin",
  ]) {
    assert.ok(text.split("\n").includes(line), `${line}\n${text}`);
  }
  const low = systemdUnit({ ...around, ports: [{ service: "web", port: 80, open: true }] }).text;
  assert.match(low, /^CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_/m);
  assert.doesNotMatch(systemdUnit(root).text, /^(User|NoNewPrivileges|CapabilityBoundingSet)=/m);
});

test("supervisord: the same for Python's reader", () => {
  const { text } = supervisordProgram(around);
  assert.match(text, /^command=.* --folder "\/srv\/the 100%% \\"shop\\"" up$/m);
  assert.match(text, /^stopwaitsecs=25$/m);
  assert.match(text, /^autorestart=unexpected\nexitcodes=0,78$/m);
  assert.doesNotMatch(supervisordProgram(root).text, /^user=/m);
});

test("docker: exec form, a user, the project's own Homeostat or an installed one", () => {
  const { text } = dockerfile(around);
  assert.match(text, /^CMD \["homeostat", "up"\]$/m);
  assert.match(text, /^USER app$/m);
  assert.match(text, /^RUN npm ci --omit=dev$/m);
  assert.doesNotMatch(text, /npm install --global/);
  const bare = dockerfile({ ...root, packaged: undefined }).text;
  assert.match(bare, /^RUN npm install --global homeostat@1\.2\.3$/m);
  assert.doesNotMatch(bare, /^(USER|RUN npm ci)/m);
});

test("compose: started at boot, and only what is open is published", () => {
  const { text } = composeFile(around);
  assert.match(text, /restart: unless-stopped\n/);
  assert.match(text, /stop_grace_period: 25s\n/);
  assert.match(text, /ports: \["8080:8080"\]\n/);
  assert.match(text, /# Only reached inside the container: api \(8081\)/);
  assert.match(text, /cap_drop: \[ALL\]/);
  assert.doesNotMatch(composeFile(root).text, /cap_drop/);
});
