#!/bin/bash
# Runs the examples as programs, over real networks, and checks what they print and how
# they exit. Prints a line "PASSED name" or "FAILED name" for each check, and at the end
# "N passed, M failed". nc, socat and redis-benchmark take part where they are installed;
# with --require-clients it is a failure when one of them is not. Bazel builds them with
# $BAZEL_FLAGS.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

# shellcheck disable=SC2086  # several flags
bazel build ${BAZEL_FLAGS-} //examples/... || exit
# shellcheck disable=SC2086
bin=$(bazel info ${BAZEL_FLAGS-} bazel-bin 2>/dev/null)/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check NAME COMMAND...: one check; shows what the command printed when it fails.
check() {
  local name=$1
  shift
  if "$@" >"$work/check" 2>&1; then
    echo "PASSED $name"
    ((++passed))
  else
    cat "$work/check"
    echo "FAILED $name"
    ((++failed))
  fi
}

# expect STATUS PATTERN COMMAND...: the command exits so, and prints a match.
expect() {
  local want=$1 pattern=$2 output status
  shift 2
  output=$(timeout 60 "$@" 2>&1)
  status=$?
  echo "$*: exit status $status, wanted $want; wanted $pattern in:"
  echo "$output"
  ((status == want)) && [[ $output =~ $pattern ]]
}

# start COMMAND...: starts a server; $address is where it says that it listens.
start() {
  local line
  exec {server_output}< <(exec "$@" 2>"$work/complaints")
  server=$!
  read -r -t 20 line <&"$server_output"
  address=${line##* }
  [[ $line == "listening on "* ]] && return
  echo "$*: printed '$line'"
  return 1
}

# ended LINE: the server prints LINE, and nothing before it, and exits with 0.
ended() {
  local line
  read -r -t 20 line <&"$server_output" || kill -s KILL "$server"
  exec {server_output}<&-
  cat "$work/complaints"
  echo "printed '$line', wanted '$1'"
  wait "$server" && [[ $line == "$1" ]]
}

stopped_by() {
  kill -s "$1" "$server"
  ended stopped
}

# ask HOST:PORT TEXT: says TEXT to a server on tcp and prints one line of its answer.
ask() {
  local conn line
  exec {conn}<>"/dev/tcp/${1%:*}/${1##*:}" || return
  printf '%s\n' "$2" >&"$conn"
  read -r -t 20 line <&"$conn"
  exec {conn}>&-
  echo "$line"
}

for program in demo echo_client echo_server hello_client hello_server \
  health_check/health_check telemetry/telemetry; do
  usage() { [[ $("$bin/$program" --help) == *"Flags from examples/$program.cc"* ]]; }
  check "$program --help" usage
  check "$program --no_such_flag" expect 1 no_such_flag "$bin/$program" --no_such_flag
done
check "echo_server with an argument" \
  expect 1 '^echo_server: unknown argument 9090' "$bin/echo_server" 9090
check "echo_server --concurrency" \
  expect 1 'there are fiber and thread$' "$bin/echo_server" --concurrency=magic
check "echo_server --threads with a thread for each" \
  expect 1 '^echo_server: --threads is for fibers' \
  "$bin/echo_server" --concurrency=thread --threads=2
for flag in buffer idle_timeout request_timeout max_connections; do
  check "echo_server --$flag=0" \
    expect 1 "^echo_server: --$flag must be (at least 1|positive)" "$bin/echo_server" --$flag=0
done
for flag in clients=0 messages=0 size=0 size=65537; do
  for program in echo_client demo; do
    check "$program --$flag" \
      expect 1 "^$program: --$flag is not between 1 and [0-9]*$" "$bin/$program" --$flag
  done
done

# hello_server, with both kinds of visitors.
hello() { start "$bin/hello_server" --address=127.0.0.1:0; }
check "hello_server listens" hello
check "hello_client is greeted" expect 0 '^hello, who are you\?$' \
  "$bin/hello_client" --address="$address" --name=Ada
check "hello_server knows it" ended 'Ada was here'
check "hello_server listens again" hello
check "hello_server greets the shell" expect 0 'hello, who are you\?' \
  bash -c "$(declare -f ask); ask $address Bash"
check "hello_server knows the shell" ended 'Bash was here'

# echo_server and echo_client, on fibers and threads, over each network.
timing='^[0-9]+ messages, [0-9]+ messages/s, p50 [0-9.]+ us, p99 [0-9.]+ us$'
echo_over() {
  local network=$1 address=$2 clients=$3 size=$4 signal=$5 how=("${@:6}")
  listen() { start "$bin/echo_server" --network="$network" --address="$1" "${how[@]}"; }
  check "echo_server ${how[*]} over $network listens" listen "$address"
  check "$clients clients over $network" expect 0 "$timing" "$bin/echo_client" \
    --network="$network" --address="$address" --clients="$clients" --messages=100
  check "messages of $size bytes over $network" expect 0 "$timing" "$bin/echo_client" \
    --network="$network" --address="$address" --size="$size" --messages=100
  check "echo_server over $network leaves on $signal" stopped_by "$signal"
}
for concurrency in fiber thread; do
  how=--concurrency=$concurrency
  echo_over tcp 127.0.0.1:0 100 65536 INT "$how"
  echo_over tcp6 '[::1]:0' 10 65536 TERM "$how"
  echo_over udp 127.0.0.1:0 10 16384 TERM "$how"
  echo_over udp 127.0.0.1:0 10 16384 INT "$how" --packet
  echo_over unix "$work/echo.sock" 100 65536 INT "$how"
  echo_over unix "@echo-$$" 10 65536 TERM "$how"
  echo_over unixpacket "$work/echo.sock" 10 16384 TERM "$how"
  echo_over unixgram "@echo-$$" 10 16384 TERM "$how" --packet
done
echo_over tcp 127.0.0.1:0 100 65536 INT --threads=1
echo_over tcp 127.0.0.1:0 100 65536 INT --threads=4 --buffer=100000

# The limits of a server.
limited() { start "$bin/echo_server" --address=127.0.0.1:0 "$@"; }
# hold: a connection to the server, which is called $held.
hold() { exec {held}<>"/dev/tcp/${address%:*}/${address##*:}"; }
# told LINE: the server has complained so.
told() {
  for ((i = 0; i < 200; ++i)); do
    grep -q "$1" "$work/complaints" && return
    sleep 0.1
  done
  cat "$work/complaints"
  return 1
}
# ends: the server closes the connection, and sends nothing before.
ends() {
  local line status
  read -r -t 20 line <&"$held"
  status=$?
  exec {held}>&-
  echo "read '$line' with status $status"
  # More than 128 would be that it came to nothing.
  ((status == 1)) && [[ ! $line ]]
}
check "echo_server --idle_timeout listens" limited --idle_timeout=2s
hold
check "who is silent is closed" ends
check "echo_server says who was silent" \
  told "^echo_server: read tcp $address->127.0.0.1:[0-9]*: i/o timeout$"
check "who is not is served" expect 0 "$timing" "$bin/echo_client" --address="$address"
check "echo_server --idle_timeout leaves" stopped_by TERM
check "echo_server --request_timeout listens" limited --request_timeout=2s
# Who reads no answer fills all buffers, and is cut off.
# shellcheck disable=SC2016  # for the shell that it starts
check "who keeps a request waiting is closed" expect 1 'Connection reset|Broken pipe' \
  bash -c 'exec 3<>/dev/tcp/$1/$2; exec cat /dev/zero >&3' - "${address%:*}" "${address##*:}"
check "echo_server says whose request took too long" \
  told "^echo_server: write tcp $address->127.0.0.1:[0-9]*: i/o timeout$"
check "others are served" expect 0 "$timing" "$bin/echo_client" --address="$address"
check "echo_server --request_timeout leaves" stopped_by TERM
check "echo_server --max_connections listens" limited --max_connections=1
hold
served() {
  local line
  echo "first" >&"$held"
  read -r -t 20 line <&"$held" && [[ $line == first ]]
}
check "the first is served" served
check "the second waits, and echo_client --timeout ends that" \
  expect 1 '^echo_client: read tcp .*: i/o timeout$' \
  "$bin/echo_client" --address="$address" --timeout=200ms
check "health_check --timeout ends that" expect 1 " $address +hanging .*: i/o timeout" \
  "$bin/health_check/health_check" --timeout=200ms "tcp:$address"
exec {held}>&-
check "another is served when the first has gone" \
  expect 0 "$timing" "$bin/echo_client" --address="$address" --messages=10
check "echo_server --max_connections leaves" stopped_by TERM

# What else may go wrong.
tcp_server() { start "$bin/echo_server" --address=127.0.0.1:0; }
check "echo_server listens" tcp_server
check "the address is in use" \
  expect 1 "^echo_server: listen tcp $address: bind: address already in use$" \
  "$bin/echo_server" --address="$address"
exec {idle}<>"/dev/tcp/${address%:*}/${address##*:}"
fibers_are_shown() {
  kill -s QUIT "$server"
  for ((i = 0; i < 200; ++i)); do
    grep -q "^fiber \"main\", .* accept tcp $address" "$work/complaints" &&
      grep -q "^fiber \"\", .* read tcp $address->127.0.0.1:" "$work/complaints" &&
      grep -q '^ *0x[0-9a-f]* .*Echo' "$work/complaints" && return
    sleep 0.1
  done
  cat "$work/complaints"
  return 1
}
check "SIGQUIT shows the fibers" fibers_are_shown
check "echo_server goes on after SIGQUIT" \
  expect 0 "$timing" "$bin/echo_client" --address="$address" --messages=10
# quit_shows PATTERN COMMAND...: the command prints a match when it gets a SIGQUIT.
quit_shows() {
  local pattern=$1 pid found=1 caught=0
  shift
  "$@" >/dev/null 2>"$work/dump" &
  pid=$!
  for ((i = 0; i < 200 && found; ++i)); do
    caught=$(sed -n 's/^SigCgt:\s*/0x/p' "/proc/$pid/status")
    # Bit 2 is signal 3, proc(5).
    ((caught & 4)) && kill -s QUIT "$pid"
    sleep 0.1
    grep -q "$pattern" "$work/dump" && found=0
  done
  kill -s KILL "$pid"
  wait "$pid"
  head -40 "$work/dump"
  return "$found"
}
check "SIGQUIT shows the fibers of echo_client" quit_shows '^fiber "main", .* old, in ' \
  "$bin/echo_client" --address="$address" --messages=1000000
check "SIGQUIT shows the fibers of demo" quit_shows '^fiber "main", .* old, in ' \
  "$bin/demo" --networks=tcp --messages=1000000
check "echo_server leaves with a connection open" stopped_by TERM
exec {idle}>&-
check "nobody listens" \
  expect 1 "^echo_client: dial tcp $address: connect: connection refused$" \
  "$bin/echo_client" --address="$address"
check "an unknown network" expect 1 '^echo_server: listen foo: unknown network foo$' \
  "$bin/echo_server" --network=foo
check "a malformed address" \
  expect 1 '^echo_server: listen tcp: address 127.0.0.1: missing port in address$' \
  "$bin/echo_server" --address=127.0.0.1
check "no such socket file" \
  expect 1 "dial unix $work/none: connect: no such file or directory" \
  "$bin/echo_client" --network=unix --address="$work/none"

# More connections than the server has descriptors for: they wait, and all are served.
few_descriptors() {
  start bash -c "ulimit -n 16 && exec '$bin/echo_server' --address=127.0.0.1:0"
}
# UndefinedBehaviorSanitizer needs one itself to look at the type of an object, and without
# one reports that there is none.
if [[ ${BAZEL_FLAGS-} != *ubsan* ]]; then
  check "echo_server with few descriptors listens" few_descriptors
  check "50 clients of few descriptors" expect 0 "$timing" \
    "$bin/echo_client" --address="$address" --clients=50 --messages=10
  check "echo_server says why it pauses" \
    grep -q 'accept4: too many open files; again in 5ms' "$work/complaints"
  check "echo_server with few descriptors leaves" stopped_by TERM
fi

# Other people's clients, on fibers and threads.
if [[ ${1-} == --require-clients ]]; then
  for client in nc socat redis-benchmark; do
    check "$client is installed" command -v "$client"
  done
fi
# benchmark WHERE...: redis-benchmark tells how fast it was, and complains of nothing.
benchmark() {
  local told status
  told=$(expect 0 'requests per second' redis-benchmark -t ping_mbulk -c 100 -n 20000 -q "$@")
  status=$?
  echo "$told"
  ((status == 0)) && ! grep -qiE 'error|warning|could not' <<<"$told"
}
# hundred COMMAND: as many at once each get back what they send, and exit with 0.
hundred() {
  # shellcheck disable=SC2016  # for the shell that it starts
  expect 0 '^100$' bash -c '
    set -o pipefail
    seq 100 | xargs -P 100 -I{} sh -c "echo {} | $1" | sort -u | wc -l' hundred "$1"
}
others_clients() {
  local how=--concurrency=$1
  tcp() { start "$bin/echo_server" "$how" --address=127.0.0.1:0; }
  unix() { start "$bin/echo_server" "$how" --network=unix --address="$work/other.sock"; }
  if command -v nc >/dev/null; then
    check "echo_server for nc listens" tcp
    check "nc over tcp" expect 0 '^over tcp$' \
      bash -c "echo over tcp | nc -N ${address%:*} ${address##*:}"
    check "100 nc at once over tcp" hundred "nc -N ${address%:*} ${address##*:}"
    check "echo_server for nc leaves" stopped_by TERM
    check "echo_server for nc over unix listens" unix
    check "nc over unix" expect 0 '^over unix$' \
      bash -c "echo over unix | nc -N -U $address"
    check "100 nc at once over unix" hundred "nc -N -U $address"
    check "echo_server for nc over unix leaves" stopped_by TERM
  fi
  if command -v socat >/dev/null; then
    check "echo_server for socat listens" tcp
    check "socat over tcp" expect 0 '^over tcp$' \
      bash -c "echo over tcp | socat -t 20 - TCP:$address"
    check "100 socat at once over tcp" hundred "socat -t 20 - TCP:$address"
    check "echo_server for socat leaves" stopped_by TERM
    check "echo_server for socat over unix listens" unix
    check "socat over unix" expect 0 '^over unix$' \
      bash -c "echo over unix | socat -t 20 - UNIX-CONNECT:$address"
    check "100 socat at once over unix" hundred "socat -t 20 - UNIX-CONNECT:$address"
    check "echo_server for socat over unix leaves" stopped_by TERM
  fi
  if command -v redis-benchmark >/dev/null; then
    check "echo_server for redis-benchmark listens" tcp
    check "redis-benchmark over tcp" benchmark -h "${address%:*}" -p "${address##*:}"
    check "echo_server for redis-benchmark leaves" stopped_by TERM
    check "echo_server for redis-benchmark over unix listens" unix
    check "redis-benchmark over unix" benchmark -s "$address"
    check "echo_server for redis-benchmark over unix leaves" stopped_by TERM
  fi
}
for concurrency in fiber thread; do others_clients "$concurrency"; done

# The services.
check "echo_server for health_check listens" tcp_server
check "health_check of one that is well" \
  expect 0 "tcp +$address +healthy +[0-9]+ ms +ping" \
  "$bin/health_check/health_check" "tcp:$address"
check "health_check --slow" expect 0 "tcp +$address +slow +[0-9]+ ms +ping" \
  "$bin/health_check/health_check" --slow=0s "tcp:$address"
check "health_check of some that are not" \
  expect 1 'healthy.*refused.*failed.*no such file' \
  "$bin/health_check/health_check" "tcp:$address" tcp:127.0.0.1:1 unix:/no/such.sock
check "echo_server for health_check leaves" stopped_by TERM
check "health_check without targets" \
  expect 1 '^health_check: no targets given; see --help$' "$bin/health_check/health_check"
for network_address in tcp,127.0.0.1:0 udp,127.0.0.1:0 "unix,$work/telemetry.sock"; do
  check "telemetry over ${network_address%,*}" \
    expect 0 'source-0: [0-9]+ reports, number=0.*source-2: [0-9]+ reports, number=2' \
    "$bin/telemetry/telemetry" --network="${network_address%,*}" \
    --address="${network_address#*,}"
done
# A reporter may try once more before it is stopped.
one_source() {
  local told
  told=$(expect 0 'source-0: ([0-9]+) reports, number=0' \
    "$bin/telemetry/telemetry" --sources=1 --reports=7 --interval=1ms) || return
  echo "$told"
  [[ $told != *source-1* && $told =~ source-0:\ ([0-9]+) ]] && ((BASH_REMATCH[1] >= 7))
}
check "telemetry --sources --reports --interval" one_source
check "telemetry with reports over the limit" \
  expect 1 'message of [0-9]+ bytes is longer than the limit of 8' \
  "$bin/telemetry/telemetry" --max_bytes=8

# The main job.
check "demo" expect 0 \
  'tcp .* 20000 .*udp .* 20000 .*unix .* 20000 .*fake .* 20000 ' "$bin/demo"
check "demo on a terminal tells how far it is" expect 0 $'tcp +[^ ]+ +[0-9]+ of 80000\r' \
  script -qec "$bin/demo --networks=tcp --messages=20000" /dev/null
check "demo --clients --messages --size" \
  expect 0 'tcp [^\n]* 20 +20480 .*fake [^\n]* 20 +20480 ' \
  "$bin/demo" --networks=tcp,fake --clients=2 --messages=10 --size=1024
no_progress() { [[ $("$bin/demo" --networks=tcp --messages=20000) != *' of '* ]]; }
check "demo in a pipe does not" no_progress
check "demo without a network" expect 1 '^demo: --networks is empty$' \
  "$bin/demo" --networks=
check "demo with a network that fails" \
  expect 1 'tcp .* 40 .*listen foo: unknown network foo' \
  "$bin/demo" --networks=tcp,foo --messages=10

echo "$passed passed, $failed failed"
((failed == 0))
