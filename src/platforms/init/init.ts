// The first process of a container: a shell that reaps orphans, hands on signals and ends with the daemon.

/**
 * In a PID namespace every process whose parent has died becomes a child of process 1, which alone
 * can reap it. Node cannot wait for processes that it did not start, so process 1 is a shell: its
 * `wait` reaps whatever ends, without waking up otherwise. Runs in dash, bash and busybox; the words
 * after the script's own name are the command that it stays beside: one that, as Node does, answers
 * SIGINT although a shell makes what it puts into the background ignore it.
 */
const initScript: string = `# homeostat: process 1, reaps what others left behind
child=
asked=
pass() {
  if [ -n "$child" ]; then kill -s "$1" "$child" 2>/dev/null; else asked="$asked $1"; fi
}
for signal in TERM INT HUP QUIT USR1 USR2; do
  trap "pass $signal" "$signal"
done
"$@" <&0 &
child=$!
for signal in $asked; do pass "$signal"; done
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
# bash reaps between two commands: then only its second answer is the exit code.
wait "$child" 2>/dev/null
again=$?
[ "$again" -eq 127 ] || code=$again
exit "$code"`;

/** The arguments of /bin/sh, its own name included. */
export function initArguments(command: readonly string[]): readonly string[] {
  return ["sh", "-c", initScript, "homeostat-init", ...command];
}
