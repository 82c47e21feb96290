#!/bin/bash
# Shows captures to other people's tools:
#
#   check_captures.sh SAMPLE SHOW [DIRECTORY]
#
# SAMPLE and SHOW are the programs of that name here; captures and pages stay in
# DIRECTORY if it is named. Needs tshark, chromium and python3, and a user who may
# make namespaces (user_namespaces(7)); prints PASSED or FAILED for each check.
set -uo pipefail
sample=$1 show=$2
here=$(dirname "$0")
work=${3-}
if [[ -z $work ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
else
  mkdir -p "$work" || exit
  work=$(realpath "$work")
fi

for tool in tshark capinfos chromium python3 unshare ip; do
  command -v "$tool" >/dev/null || {
    echo "check_captures.sh: no $tool here; third_party/install.sh --ci installs it" >&2
    exit 2
  }
done

failed=0
expect() {  # NAME WHAT-WAS-FOUND WHAT-SHOULD-BE
  if [[ $2 == "$3" ]]; then
    echo "PASSED $1"
  else
    failed=1
    echo "expected ${3:0:300}, found: ${2:0:300}" >&2
    echo "FAILED $1"
  fi
}

# Runs a script in a network namespace that has two hosts' addresses, and in a mount
# namespace that has their names. Nothing of it is left.
in_namespace() {  # SCRIPT ARGUMENT...
  local script='
    mount --bind "$1/hosts" /etc/hosts && ip link set lo up || exit
    for address in 10.9.0.1/32 10.9.0.2/32 fd00:9::1/128 fd00:9::2/128; do
      ip address add "$address" dev lo || exit
    done
    shift
    '$1
  shift
  printf '%s\n' '10.9.0.1 client' '10.9.0.2 server' 'fd00:9::1 client' 'fd00:9::2 server' >"$work/hosts"
  # Where user namespaces are forbidden root can do without.
  local user=(--user --map-root-user)
  unshare "${user[@]}" true 2>/dev/null || user=()
  unshare "${user[@]}" --net --mount bash -c "$script" - "$work" "$@"
}

# What tshark finds in a capture that fits a filter.
find_packets() {  # CAPTURE FILTER
  tshark -r "$1" -X "lua_script:$here/plumb.lua" -n -Y "$2" \
    -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE 2>"$work/stderr" ||
    cat "$work/stderr"
}
# Fields of the packets that fit a filter. Addresses have the names that are in the
# file, and no others: there is no DNS.
fields() {  # CAPTURE FILTER FIELD...
  local capture=$1 filter=$2
  shift 2
  # shellcheck disable=SC2046
  tshark -r "$capture" -X "lua_script:$here/plumb.lua" -N n -o nameres.use_external_name_resolver:FALSE \
    -Y "$filter" -T fields $(printf ' -e %s' "$@") 2>>"$work/stderr"
}

# The bytes of the first conversation in one direction, as hex.
followed_bytes() {  # CAPTURE tcp|udp there|back
  local lines
  # The lines of the other direction are indented.
  lines=$(tshark -r "$1" -q -z "follow,$2,raw,0" 2>/dev/null | grep -E $'^\t?[0-9a-f]+$')
  if [[ $3 == there ]]; then grep -v $'^\t' <<<"$lines"; else grep $'^\t' <<<"$lines"; fi | tr -d '\t\n'
}
unix_bytes() {  # CAPTURE there|back
  local back=0
  [[ $2 == there ]] || back=1
  fields "$1" 'plumb.kind == 2' plumb.conversation plumb.direction plumb.data |
    awk -v back=$back 'NR == 1 { first = $1 } $1 == first && $2 == back { print $3 }' | tr -d ':\n'
}
# Datagrams have no direction: who sends the first sends those that go there.
unixgram_bytes() {  # CAPTURE there|back
  fields "$1" 'plumb.kind == 5' plumb.src plumb.data |
    awk -v want="$2" 'NR == 1 { first = $1 } (want == "there") == ($1 == first) { print $2 }' | tr -d ':\n'
}
conversation_bytes() {  # CAPTURE there|back
  case $(basename "$1") in
    *unixgram*) unixgram_bytes "$@" ;;
    *unix*) unix_bytes "$@" ;;
    *udp*) followed_bytes "$1" udp "$2" ;;
    *) followed_bytes "$1" tcp "$2" ;;
  esac
}

in_namespace '"$1" "$2"' "$sample" "$work" || exit
malformed='_ws.malformed || _ws.short'
bad_sums='ip.checksum.status == "Bad" || tcp.checksum.status == "Bad" || udp.checksum.status == "Bad"'
warnings='_ws.expert.severity >= "Warning"'
# What a receiver is that was full.
was_full='tcp.analysis.window_full || tcp.analysis.zero_window || tcp.analysis.window_update'

for capture in "$work"/*.pcapng; do
  name=$(basename "$capture" .pcapng)
  expect "$name has packets" "$([[ $(capinfos -TrcM "$capture" | cut -f 2) -gt 0 ]] && echo some)" some
  expect "$name is well-formed" "$(find_packets "$capture" "$malformed || $bad_sums")" ''
  [[ $name != rough_* ]] || continue
  remarks="(tcp.analysis.flags || $warnings)"
  [[ $name != full_* ]] || remarks+=" && ! ($was_full)"
  expect "$name has nothing to remark" "$(find_packets "$capture" "$remarks")" ''
  for direction in there back; do
    [[ -s $work/$name.$direction ]] || continue
    expect "$name has the bytes $direction" "$(conversation_bytes "$capture" $direction)" \
      "$(od -An -v -tx1 "$work/$name.$direction" | tr -d ' \n')"
  done
done

# Who writes 30000 bytes fills the 8192 of the receiver, and then the half of them that
# was read, five times and for the rest. Remarked are each window that is closed, that
# it opens, and what fills the half.
for name in full_observed_tcp4 full_observed_tcp6; do
  expect "$name has a receiver that was full" \
    "$(fields "$work/$name.pcapng" "$was_full" tcp.analysis.window_full tcp.analysis.zero_window \
      tcp.analysis.window_update tcp.window_size | sed 's/\t/,/g' | sort | uniq -c | sed 's/^ *//')" \
    $'6 ,,1,4096\n6 ,1,,0\n5 1,,,8192'
done

# Messages have the borders that they were sent with: who sent it, how many that end
# sent before, its size. Datagrams are not counted.
messages() {  # CAPTURE
  fields "$1" 'plumb.kind == 2 || plumb.kind == 5' plumb.conversation plumb.direction plumb.offset plumb.data |
    awk -F '\t' 'NR == 1 { first = $1 } $1 == first { gsub(":", "", $4); print $2, $3, length($4) / 2 }'
}
for capture in "$work"/*_unixpacket*.pcapng; do
  expect "$(basename "$capture" .pcapng) has the messages" "$(messages "$capture")" \
    $'0 0 1\n1 0 1\n0 1 100\n1 1 51\n0 2 1400\n1 2 701\n0 3 9000\n1 3 4501'
done
for capture in "$work"/*_unixgram*.pcapng; do
  expect "$(basename "$capture" .pcapng) has the datagrams" "$(messages "$capture" | cut -d ' ' -f 3 | xargs)" \
    '1 1 100 51 1400 701 9000 4501 0'
done

# Where both ends are seen, data is on its sender's interface, of which there is one a
# host, and addresses have the hosts' names.
for capture in "$work"/{kernel,fake}_*_both.pcapng "$work"/observed_*.pcapng; do
  name=$(basename "$capture" .pcapng)
  interfaces=$(capinfos "$capture" | sed -n 's/^ *Name = //p' | sort)
  if [[ $name == *_unix* ]]; then
    # Of a fake network both ends are one host's.
    [[ $name == observed_* ]] && hosts='server (unix)' || hosts=$'client (unix)\nserver (unix)'
    expect "$name has one interface for each host" "$interfaces" "$hosts"
    continue
  fi
  expect "$name has one interface for each host" "$interfaces" $'client\nserver'
  [[ $name == *6* ]] && ip=ipv6 || ip=ip
  expect "$name has names" \
    "$(fields "$capture" 'udp || tcp.len > 0' frame.interface_name frame.packet_flags_direction $ip.src_host $ip.dst_host | sort -u)" \
    $'client\t0x00000002\tclient\tserver\nserver\t0x00000002\tserver\tclient'
done

# Times are those of the clock that the network has, and moves from second to second.
for name in times_observed times_kernel; do
  expect "$name are the clock's" "$(fields "$work/$name.pcapng" 'tcp.len > 0' frame.time_epoch)" \
    $'1600000000.000000000\n1600000001.000000000\n1600000003.000000000'
done

# What rules did is in the comments, in the order of sending.
comments() {  # NAME FIELD
  fields "$work/$1.pcapng" "$2" "$2" frame.comment |
    while IFS=$'\t' read -r data comment; do printf '%b: %s\n' "$(sed 's/://g; s/../\\x&/g' <<<"$data")" "$comment"; done
}
datagrams="data 1: rule 'far' delayed it; arrived after 20ms
data 2: rule 'lossy' dropped it
data 3: rule 'twice' duplicated it
data 3: a copy; rule 'twice' duplicated it
data 4: rule 'rot' corrupted it
data 5: held 2s by rule 'keep'"
for family in 4 6; do
  expect "rough_observed_tcp$family names the rules" "$(comments rough_observed_tcp$family tcp.payload)" \
    "$datagrams"$'\ndata 2: sent again'
  # Wireshark sees by itself what was sent again, and takes a copy for the same.
  expect "rough_observed_tcp$family has its retransmission" \
    "$(fields "$work/rough_observed_tcp$family.pcapng" tcp.analysis.retransmission frame.comment)" \
    "a copy; rule 'twice' duplicated it"$'\nsent again'
  expect "rough_observed_udp$family names the rules" "$(comments rough_observed_udp$family udp.payload)" "$datagrams"
done
expect "rough_observed_unix names the rules" "$(comments rough_observed_unix plumb.data)" \
  "$datagrams"$'\ndata 2: sent again'
expect "rough_kernel_udp4 names the rule" "$(comments rough_kernel_udp4 udp.payload)" \
  "data 1: "$'\n'"data 3: rule 'lossy' dropped the next datagram"
expect "rough_kernel_tcp has comments and notes" \
  "$(fields "$work/rough_kernel_tcp.pcapng" 'frame.comment || plumb.note' tcp.flags.str frame.comment plumb.note |
    sed 's/·//g; s/\t$//; s/\t\+/ /; s/:[0-9]\+:/:PORT:/; s/\(nosuch.invalid\):.*/\1/')" \
  "AR closed with unread data
S by the test: nobody listens any more
AR dial tcp 127.0.0.1:PORT: connect: connection refused
 dial tcp: lookup nosuch.invalid
 the test is over"

# The page of a capture as a browser has it that has no network to speak of.
dom() {  # CAPTURE
  timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$work/chromium" --virtual-time-budget=2000 --window-size=1280,4000 \
    --dump-dom "file://$work/$1.html" 2>"$work/stderr"
}
for name in chat rough_kernel_tcp rough_observed_tcp4; do
  "$show" "$work/$name.pcapng" "$work/$name.html" >/dev/null
  drawn=$(dom $name | grep -o 'data-drawn="[0-9]*"')
  expect "$name is drawn" "$drawn" "data-drawn=\"$(find_packets "$work/$name.pcapng" frame | wc -l)\""
done
# A trace of a capture is drawn as the capture is.
"$show" "$work/rough_observed_tcp4.pcapng" "$work/rough.trace" >/dev/null && "$show" "$work/rough.trace" >/dev/null
expect "a trace is drawn" "$(dom rough | grep -o 'data-drawn="[0-9]*"\|class="pilltext"[^>]*>[^<]*' | sed 's/.*>//')" \
  "$(dom rough_observed_tcp4 | grep -o 'data-drawn="[0-9]*"\|class="pilltext"[^>]*>[^<]*' | sed 's/.*>//')"
# Each comment has the colour of a fault, once in its row.
expect "rough_observed_tcp4 shows its faults" \
  "$(dom rough_observed_tcp4 | grep -o '<text class="pilltext"[^>]*>[^<]*' | grep -c 'rule')" 6
# The payload and the comment in full, under a mouse that is a browser's own.
look() {  # NAME WHAT...
  timeout 120 "$here/look.py" "$work/chromium" "$work/$1.html" "${@:2}" | tr -s ' '
}
expect "rough_observed_tcp4 shows a packet under the mouse" \
  "$(look rough_observed_tcp4 hover 4 |
    grep -x 'data 1\|rule .far. delayed it; arrived after 20ms\|0000 64 61 74 61 20 31 .*\|gone')" \
  "rule 'far' delayed it; arrived after 20ms
data 1
0000 64 61 74 61 20 31 data 1
gone"
# Hosts beside each other, time downwards, and nothing else than the page is loaded.
for name in rough_observed_tcp4 rough_kernel_tcp; do
  rows=$(find_packets "$work/$name.pcapng" frame | wc -l)
  faults=$(fields "$work/$name.pcapng" frame.comment frame.comment | wc -l)
  expect "$name has columns, rows and colours" "$(look $name layout)" "columns: client, server
$rows rows downwards
times downwards
$faults of $faults comments in the colour of faults
all in sight
loads 1: $name.html"
done
expect "rough_observed_tcp4 can be read with keys" "$(look rough_observed_tcp4 keys)" \
  "ArrowDown: tcp SYN | Seq=0
j: tcp SYN ACK | Seq=0 Ack=1
ArrowUp: tcp SYN | Seq=0
n: tcp PSH ACK | rule 'far' delayed it; arrived after 20ms | 0000 64 61 74 61 20 31 data 1
n: tcp PSH ACK | rule 'lossy' dropped it | 0000 64 61 74 61 20 32 data 2
Escape: no card
Tab: search conversation acks fault theme scroller
ArrowDown in a list: no card
a search: 1 found, tcp PSH ACK | a copy; rule 'twice' duplicated it | 0000 64 61 74 61 20 33 data 3"
# Ten thousand packets.
{
  echo 'plumb trace 1'
  for ((i = 0; i < 10000; ++i)); do
    printf "%d.%03d web out 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK 'data %d'\n" $((i / 1000)) $((i % 1000)) $i
  done
} >"$work/many.trace"
"$show" "$work/many.trace" >/dev/null
expect "of 10,000 packets only those that are seen are drawn" "$(look many amount)" "opens
scrolls
searches
0000 64 61 74 61 20 39 39 39 39 data 9999"

# On a disk that is full, and where there is none, each says so and leaves no half of a
# file.
mkdir -p "$work/small"
full=$(in_namespace '
  mount -t tmpfs -o size=16k none "$3" || exit
  "$1" "$3" 2>&1 | sed "s/ \[.*//"; echo "${PIPESTATUS[0]}"
  rm -f "$3"/*
  "$2" "$4" "$3/page.html" 2>&1; echo $?; ls "$3"' "$sample" "$show" "$work/small" "$work/chat.pcapng")
expect "a full disk is told" "${full//$work/}" \
  "sample: RESOURCE_EXHAUSTED: write /small/kernel_tcp4_both.pcapng: no space left on device
1
show: write /small/page.html: no space left on device
1"
expect "a directory that cannot be made is told" "$("$sample" /proc/none/here 2>&1; echo $?)" \
  $'sample: /proc/none/here: No such file or directory\n1'
exit $failed
