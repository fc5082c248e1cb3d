// A unit for systemd: one service that runs Homeostat, which runs all others.
import { type Around, madeBy, seconds, shellWord, type UnitFile, whyGrace } from "./unit.ts";

export function systemdUnit(around: Around): UnitFile {
  const { project, folder, command, user, graceMs, path } = around;
  const name = `${project}.service`;
  const text = `# ${madeBy("systemd", around)}
[Unit]
Description=${literal(project)}, looked after by Homeostat
Wants=network-online.target
After=network-online.target
# Homeostat itself is started again so often; then it is for people.
StartLimitIntervalSec=10min
StartLimitBurst=20

[Service]
Type=exec
${user === undefined ? "# As root, because services of it switch users." : `User=${user}`}
WorkingDirectory=${literal(folder)}
${path === undefined ? "" : `Environment=${word(`PATH=${path}`)}\n`}ExecStart=${command.map(word).join(" ")}
# After a failure, and never after it was told to stop: then it ends with 0.
Restart=on-failure
RestartSec=1s
# A config that is wrong is for people: no restart mends it.
RestartPreventExitStatus=78
# SIGTERM goes to Homeostat alone, which stops its services in their order. Whatever is left when it
# has ended is killed, so nothing stays behind. With KillMode=process the services would live on when
# Homeostat itself dies, and be adopted by the next; the price: a stop that fails leaves them running.
KillMode=mixed
# ${whyGrace(around)}
TimeoutStopSec=${seconds(graceMs)}s
# One service that runs out of memory is one incident, and not the end of all.
OOMPolicy=continue
# Lets services have limits of their own: resources.memoryMax, cpuMax, pidsMax.
Delegate=yes
${hardening(around)}
[Install]
WantedBy=multi-user.target
`;
  return { name, text, next: next(around, name) };
}

/**
 * What holds whatever the services do: they may need devices, the kernel's log (to tell who was out
 * of memory), real-time threads and each other's files in /tmp.
 */
function hardening({ user, ports }: Around): string {
  const always = `ProtectSystem=full
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
LockPersonality=yes
`;
  if (user === undefined) return always;
  const low = ports.some(({ port }) => port < 1_024) ? "CAP_NET_BIND_SERVICE" : "";
  const ambient = low === "" ? "" : `AmbientCapabilities=${low}\n`;
  // For root these would take away what it needs to run services as others.
  return `# Without rights, and no way to more: a service that calls sudo needs these two lines removed.
NoNewPrivileges=yes
CapabilityBoundingSet=${low}
${ambient}${always}# Not MemoryDenyWriteExecute: Node compiles at run time. If your services allow it, add:
# PrivateTmp=yes
# ProtectHome=yes
`;
}

function next({ user, folder }: Around, name: string): readonly string[] {
  const state = shellWord(`${folder}/.homeostat`);
  const once = [
    "Once; the user must be able to read the folder and to write .homeostat in it:",
    `$ id ${user} || sudo useradd --system --home-dir ${shellWord(folder)} ${user}`,
    `$ sudo mkdir -p ${state} && sudo chown -R ${user}: ${state}`,
  ];
  return [
    ...(user === undefined ? [] : once),
    `$ sudo cp ${name} /etc/systemd/system/`,
    `$ sudo systemctl daemon-reload`,
    `$ sudo systemctl enable --now ${name}`,
  ];
}

/** Systemd fills in what follows a %. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** One word of a command line: quoted where it must be. */
function word(text: string): string {
  const plain = literal(text).replaceAll("$", "$$$$");
  if (/^[\w@%+=:,./$-]+$/.test(plain)) return plain;
  return `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
