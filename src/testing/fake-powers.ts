// What processes may be given on two machines that are not there: everything, and next to nothing.
import type { Powers } from "../platforms/powers.ts";

const users = [
  { name: "root", uid: 0, gid: 0, home: "/root" },
  { name: "www", uid: 33, gid: 34, home: "/var/www" },
];

/** Root, where everything can be had; it knows the user www and the group web. */
export const anything: Powers = {
  uid: 0,
  gid: 0,
  switchesUser: true,
  niceFrom: -20,
  oomScoreFrom: -1_000,
  hard: {},
  findUser: (who) => users.find(({ name, uid }) => who === name || Number(who) === uid),
  findGroup: (which) => (which === "web" || which === 34 ? { name: "web", gid: 34 } : undefined),
  furtherGroups: ({ name }) => (name === "www" ? [4] : []),
  hasProgram: () => true,
  cgroups: { memory: true, cpu: true, pids: true, why: "" },
};

/** A user without rights, whose cgroup has only the controller of pids. */
export const nothing: Powers = {
  ...anything,
  uid: 1_000,
  gid: 1_000,
  switchesUser: false,
  niceFrom: 0,
  oomScoreFrom: 0,
  hard: { files: 1_024 },
  cgroups: { memory: false, cpu: false, pids: true, why: "no controller" },
};
