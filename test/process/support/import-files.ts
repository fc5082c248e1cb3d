// Files of pm2, Foreman and supervisord as people have them, for the tests of the import.

/** `quiet` functions, a deploy block and a path that only code can tell are in real ones too. */
export const ecosystem: string = `const path = require("node:path");

module.exports = {
  apps: [
    {
      name: "API Server",
      script: path.join(".", "server.js"),
      instances: 2,
      exec_mode: "cluster",
      node_args: "--max-old-space-size=300",
      args: ["--verbose", "--name", "two words"],
      env: { PORT: 3000, LOG_LEVEL: "info", JSON_LOGS: true, TEMPLATE: "\${name}" },
      env_production: { NODE_ENV: "production", LOG_LEVEL: "warn" },
      max_memory_restart: "300M",
      kill_timeout: 5000,
      wait_ready: true,
      max_restarts: 10,
      min_uptime: "5s",
      exp_backoff_restart_delay: 100,
      error_file: "/var/log/api.err.log",
      watch: false,
      increment_var: "PORT",
    },
    {
      name: "worker",
      script: "worker.sh",
      interpreter: "sh",
      stop_exit_codes: [0],
      namespace: "jobs",
      uid: "no-such-user-here",
    },
    {
      name: "nightly",
      script: "npm",
      args: "run nightly",
      autorestart: false,
      cron_restart: "0 3 * * *",
      format: () => "a function",
    },
  ],
  deploy: { production: { host: "shop.example" } },
};
`;

export const procfile: string = `# As Heroku and Foreman read it
web: node server.js --port $PORT
worker: sh worker.sh
release: sh -c "echo migrating"
clock-2: while :; do date; sleep 60; done
this is no line
`;

export const supervisordConf: string = `; As Debian has it, with what people add
[unix_http_server]
file=/var/run/supervisor.sock   ; (the path to the socket file)

[supervisord]
nodaemon=true
environment=SHARED="yes"

[program:web]
command=/bin/sleep %(ENV_PAUSE)s
process_name=%(program_name)s_%(process_num)02d
numprocs=2
directory=%(here)s
environment=PORT_BASE="80%(process_num)d",GREETING="hello, world",
    HOME="%(ENV_HOME)s",PERCENT="50%%"
autorestart=unexpected
exitcodes=0,2
stopsignal=QUIT
stopwaitsecs=30
stopasgroup=true
startsecs=5
startretries=3
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=4
umask=22

[program:cron_job]
command=/bin/sh -c "while :; do sleep 1; done"
autostart=false
autorestart=true
stopsignal=USR1
priority=10
user=no-such-user-here

[program:shards]
command=/bin/sleep 30%(process_num)02d
numprocs=2
numprocs_start=1
stopsignal=KILL

[group:front]
programs=web,cron_job

[eventlistener:memmon]
command=memmon -a 200MB

[include]
files=conf.d/*.conf
`;

export const moreConf: string = `[program:more]
command = /bin/sleep 4000 ; in a file of its own
autorestart = false
`;

export const server: string = `const { createServer } = require("node:http");
createServer((_, response) => response.end(process.argv.slice(2).join(" "))).listen(process.env.PORT);
`;
