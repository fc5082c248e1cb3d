// A Dockerfile and a compose file: Homeostat as the first program of one container with all services.
import { type Around, madeBy, type Port, seconds, type UnitFile, whyGrace } from "./unit.ts";

/** Below 1000, as system users are; not the "node" of the base image, which may own other things. */
const uid = 999;

export function dockerfile(around: Around): UnitFile {
  const { project, ports } = around;
  const home = `/opt/${project}`;
  const text = `# ${madeBy("docker", around)}
FROM node:24-slim
${user(around, home)}WORKDIR ${home}
${packages(around, home)}COPY${around.user === undefined ? "" : " --chown=app:app"} . .
# Journal and logs: a volume there keeps them over a new container.
RUN mkdir -p .homeostat${around.user === undefined ? "" : " && chown app:app .homeostat"}
VOLUME ${home}/.homeostat
${ports.map(({ port, service }) => `# ${service}\nEXPOSE ${port}\n`).join("")}\
${around.user === undefined ? "# As root, because services of it switch users.\n" : "USER app\n"}\
# Docker only shows the answer; what is sick is healed inside.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["homeostat", "status"]
# The exec form: with a shell in between SIGTERM would not arrive. As process 1 Homeostat reaps what
# loses its parent, hands on signals and ends with the exit code of the daemon.
CMD ["homeostat", "up"]
`;
  const next = [
    `$ docker build -t ${project} .`,
    `$ docker run --restart unless-stopped --stop-timeout ${seconds(around.graceMs)} ${project}`,
    "The second line, written down: homeostat init compose",
    ...closed(ports),
  ];
  return { name: "Dockerfile", text, next };
}

function user({ user }: Around, home: string): string {
  if (user === undefined) return "";
  return `# A user without rights.
RUN useradd --system --uid ${uid} --user-group --home-dir ${home} app
`;
}

/** Homeostat as the project has it, or else as it is installed here. */
function packages({ packaged, version }: Around, home: string): string {
  const own = packaged?.hasHomeostat
    ? `ENV PATH="${home}/node_modules/.bin:$PATH"\n`
    : `RUN npm install --global homeostat@${version}\n`;
  if (!packaged) return own;
  const files = packaged.lockfile ? "package.json package-lock.json" : "package.json";
  const install = packaged.lockfile ? "npm ci" : "npm install";
  return `${own}COPY ${files} ./\nRUN ${install} --omit=dev\n`;
}

/** Left out of the image: what is made anew, and what is secret. */
export function dockerignore(): UnitFile {
  const text = `node_modules
.homeostat
.git
.env*
Dockerfile
compose.yaml
`;
  return { name: ".dockerignore", text, next: [] };
}

export function composeFile(around: Around): UnitFile {
  const { project, graceMs, ports, user } = around;
  const published = ports.filter(({ open }) => open);
  const rights =
    user === undefined
      ? "    # As root, because services of it switch users: no rights are taken away here.\n"
      : "    security_opt: [no-new-privileges:true]\n    cap_drop: [ALL]\n";
  const text = `# ${madeBy("compose", around)}
services:
  ${project}:
    build: .
    # Also when the machine boots; not after \`docker compose stop\`.
    restart: unless-stopped
    # ${whyGrace(around)}
    stop_grace_period: ${seconds(graceMs)}s
    # Journal and logs outlive the container.
    volumes: ["state:/opt/${project}/.homeostat"]
${published.length === 0 ? "" : `    ports: [${published.map(({ port }) => `"${port}:${port}"`).join(", ")}]\n`}\
${closed(ports)
  .map((line) => `    # ${line}\n`)
  .join("")}${rights}\
    # What the daemon says; the logs of the services lie in the volume.
    logging:
      driver: json-file
      options: { max-size: 20m, max-file: "3" }
volumes:
  state: {}
`;
  const next = [
    "Needs a Dockerfile: homeostat init docker",
    "$ docker compose up -d --build",
    `$ docker compose exec ${project} homeostat status`,
  ];
  return { name: "compose.yaml", text, next };
}

/** A port that the gateway opens to its own machine is not reached through Docker. */
function closed(ports: readonly Port[]): readonly string[] {
  const own = ports.filter(({ open }) => !open);
  if (own.length === 0) return [];
  const names = own.map(({ service }) => `services.${service}.host`).join(", ");
  return [
    `Only reached inside the container: ${own.map(({ service, port }) => `${service} (${port})`).join(", ")}; set ${names} to "0.0.0.0".`,
  ];
}
