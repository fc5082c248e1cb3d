// A program section for supervisord: one program that runs Homeostat, which runs all others.
import { type Around, madeBy, seconds, type UnitFile, whyGrace } from "./unit.ts";

export function supervisordProgram(around: Around): UnitFile {
  const { project, folder, command, user, graceMs, path } = around;
  const name = `${project}.supervisord.conf`;
  const text = `; ${madeBy("supervisord", around)}
[program:${project}]
command=${command.map(word).join(" ")}
directory=${literal(folder)}
${user === undefined ? "; As root, because services of it switch users." : `user=${user}`}
${path === undefined ? "" : `environment=PATH="${literal(path)}"\n`}autostart=true
; After a failure, and never after it was told to stop (0). 78 is a config that is wrong: no restart
; mends that.
autorestart=unexpected
exitcodes=0,78
startsecs=3
startretries=20
stopsignal=TERM
; ${whyGrace(around)}
stopwaitsecs=${seconds(graceMs)}
; SIGTERM goes to Homeostat alone, which stops its services in their order. Each of them leads a group
; of its own, which supervisord does not know: should it have to kill Homeostat, they live on, and the
; next start adopts them.
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
`;
  const next = [
    `$ sudo cp ${name} /etc/supervisor/conf.d/`,
    "$ sudo supervisorctl update",
    `$ sudo supervisorctl status ${project}`,
  ];
  return { name, text, next };
}

/** Python fills in what follows a %. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

function word(text: string): string {
  const plain = literal(text);
  if (/^[\w@%+=:,./-]+$/.test(plain)) return plain;
  return `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
