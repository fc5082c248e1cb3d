// What `homeostat logs --help` says below its options.
/** What a person can follow on a terminal; a pipe takes everything. */
export const terminalRate = "200";

export const logsHelp: string = `
NAME is a service (web) or one of its instances (web/1, web-1); nothing means all.
A service writes both of its outputs into one file, so what came from stderr cannot be told apart.
On a terminal, of more than ${terminalRate} lines a second of one log the rest is cut and counted (--rate).`;
