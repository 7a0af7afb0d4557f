#!/bin/sh
# The agent beside a container's own program, which it runs: ENTRYPOINT ["with-agent"], CMD the program. Settings of the agent are
# INGRESS_ variables; INGRESS_AGENT names the file where it is not on the PATH. Ends with the program's exit code.
#
# On SIGTERM the agent drains first, while the program still answers; then the program gets its SIGTERM. The container's stop
# time has to be longer than both together (docker run --stop-timeout, terminationGracePeriodSeconds).
set -u
agent_file=${INGRESS_AGENT:-ingress-agent}

# A bad configuration ends the container, and says why.
"$agent_file" validate >/dev/null || exit

"$agent_file" run --supervise &
agent=$!
"$@" &
program=$!

# `wait` returns early when a signal comes, so it is asked again until the process is gone.
wait_for() {
  code=0
  while kill -0 "$1" 2>/dev/null; do
    wait "$1"
    code=$?
  done
}

stop() {
  kill -TERM "$agent" 2>/dev/null
  wait_for "$agent"
  kill -TERM "$program" 2>/dev/null
}
trap stop TERM INT

wait_for "$program"
result=$code
kill -TERM "$agent" 2>/dev/null
wait_for "$agent"
exit "$result"
