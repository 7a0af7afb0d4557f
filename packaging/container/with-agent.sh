#!/bin/sh
# The agent beside a container's own program, which it runs: ENTRYPOINT ["with-agent"], CMD the program. Settings of the agent are
# INGRESS_ variables; INGRESS_AGENT names the file where it is not on the PATH. Ends with the program's exit code.
#
# On SIGTERM the agent drains first, while the program still answers; then the program gets its SIGTERM. The container's stop
# time has to be longer than both together (docker run --stop-timeout, terminationGracePeriodSeconds).
#
# An agent that cannot begin (1: no local port, 2, 78: bad settings) ends the container with that code, the program by SIGTERM
# before; one that ended otherwise is started again.
set -u
agent_file=${INGRESS_AGENT:-ingress-agent}

# A bad configuration ends the container, and says why.
"$agent_file" validate >/dev/null || exit

# `wait` returns early when a signal comes (above 128), so it is asked again: until the process is gone, and once more where
# another `wait` has seen its end meanwhile.
wait_for() {
  wait "$1" 2>/dev/null
  code=$?
  while kill -0 "$1" 2>/dev/null; do
    wait "$1"
    code=$?
  done
  [ "$code" -gt 128 ] || return 0
  wait "$1" 2>/dev/null
  seen=$?
  [ "$seen" = 127 ] || code=$seen
}

# A process of its own, whose SIGTERM is the agent's.
keep_agent() {
  child='' stopping=''
  trap 'stopping=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
  while [ -z "$stopping" ]; do
    "$agent_file" run --supervise &
    child=$!
    [ -z "$stopping" ] || kill -TERM "$child" 2>/dev/null
    wait_for "$child"
    [ -z "$stopping" ] || break
    case $code in
      1 | 2 | 78)
        echo "with-agent: the agent ended with exit code $code, which ends the container" >&2
        kill -USR1 $$
        exit "$code"
        ;;
    esac
    echo "with-agent: the agent ended with exit code $code, and is started again" >&2
    sleep 1 &
    child=$!
    wait_for "$child"
  done
}

stop() {
  kill -TERM "$agent" 2>/dev/null
  wait_for "$agent"
  [ -z "$program" ] || kill -TERM "$program" 2>/dev/null
}

agent_ended() {
  wait_for "$agent"
  agent_code=$code
  [ -z "$program" ] || kill -TERM "$program" 2>/dev/null
}

program='' agent_code=''
trap agent_ended USR1
keep_agent &
agent=$!
trap stop TERM INT
"$@" &
program=$!
[ -z "$agent_code" ] || kill -TERM "$program" 2>/dev/null

wait_for "$program"
result=$code
kill -TERM "$agent" 2>/dev/null
wait_for "$agent"
exit "${agent_code:-$result}"
