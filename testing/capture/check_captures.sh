#!/bin/bash
# Shows captures to other people's tools:
#
#   check_captures.sh SAMPLE SHOW [DIRECTORY]
#
# SAMPLE and SHOW are the programs of that name here; captures and pages stay in
# DIRECTORY if it is named. Needs tshark and chromium; prints PASSED or FAILED
# for each check.
set -uo pipefail
sample=$1 show=$2
here=$(dirname "$0")
work=${3-}
if [[ -z $work ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi

for tool in tshark chromium; do
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

# What tshark finds in a capture that fits a filter.
find_packets() {  # CAPTURE FILTER
  tshark -r "$1" -X "lua_script:$here/plumb.lua" -n -Y "$2" \
    -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE 2>"$work/stderr" ||
    cat "$work/stderr"
}

# The bytes of a stream in one direction, as hex: the lines of the other are indented.
tcp_bytes() {  # CAPTURE there|back
  local lines
  lines=$(tshark -r "$1" -q -z follow,tcp,raw,0 2>/dev/null | grep -E $'^\t?[0-9a-f]+$')
  if [[ $2 == there ]]; then grep -v $'^\t' <<<"$lines"; else grep $'^\t' <<<"$lines"; fi | tr -d '\t\n'
}
unix_bytes() {  # CAPTURE there|back
  local back=0
  [[ $2 == there ]] || back=1
  tshark -r "$1" -X "lua_script:$here/plumb.lua" -T fields -e plumb.data \
    -Y "plumb.conversation == 1 && plumb.kind == 2 && plumb.direction == $back" 2>/dev/null | tr -d ':\n'
}

"$sample" "$work" || exit
malformed='_ws.malformed || _ws.short'
bad_sums='ip.checksum.status == "Bad" || tcp.checksum.status == "Bad" || udp.checksum.status == "Bad"'
warnings='_ws.expert.severity >= "Warning"'

for capture in "$work"/*.pcapng; do
  name=$(basename "$capture" .pcapng)
  expect "$name is well-formed" "$(find_packets "$capture" "$malformed")" ''
  expect "$name has no bad checksum" "$(find_packets "$capture" "$bad_sums")" ''
  expect "$name has packets" "$([[ $(find_packets "$capture" frame | wc -l) -gt 0 ]] && echo some)" some
  if [[ $name == calm_* ]]; then
    expect "$name has nothing to remark" "$(find_packets "$capture" "tcp.analysis.flags || $warnings")" ''
  fi
  for direction in there back; do
    [[ -s $work/$name.$direction && $name == calm_* ]] || continue
    follow=tcp_bytes
    [[ $name == calm_unix* ]] && follow=unix_bytes
    expect "$name has the bytes $direction" "$($follow "$capture" $direction)" \
      "$(od -An -v -tx1 "$work/$name.$direction" | tr -d ' \n')"
  done
done

# What rules did is in the comments, in the order of sending.
expect "rough_faults names the rules" \
  "$(tshark -r "$work/rough_faults.pcapng" -Y 'tcp.len > 0' -T fields -e tcp.payload -e frame.comment 2>/dev/null |
    while read -r payload comment; do printf '%b: %s\n' "$(sed 's/../\\x&/g' <<<"$payload")" "$comment"; done)" \
  "data 1: rule 'far' delayed it; arrived after 20ms
data 2: rule 'lossy' dropped it
data 3: rule 'twice' duplicated it
data 3: a copy; rule 'twice' duplicated it
data 4: rule 'rot' corrupted it
data 5: held 2s by rule 'keep'
data 2: sent again"
# Wireshark sees by itself what was sent again.
expect "rough_faults has its retransmission" \
  "$(find_packets "$work/rough_faults.pcapng" 'tcp.analysis.retransmission && frame.comment contains "sent again"' | wc -l)" 1

# The page of a capture as a browser has it that has no network to speak of.
dom() {  # CAPTURE [FRAGMENT]
  timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$work/chromium" --virtual-time-budget=2000 --window-size=1280,4000 \
    --dump-dom "file://$work/$1.html${2-}" 2>"$work/stderr"
}
for name in calm_chat rough_tcp rough_faults; do
  "$show" "$work/$name.pcapng" "$work/$name.html" >/dev/null
  drawn=$(dom $name | grep -o 'data-drawn="[0-9]*"')
  expect "$name is drawn" "$drawn" "data-drawn=\"$(find_packets "$work/$name.pcapng" frame | wc -l)\""
done
# Each comment has the colour of a fault, once in its row.
expect "rough_faults shows its faults" \
  "$(dom rough_faults | grep -o '<text class="pilltext"[^>]*>[^<]*' | grep -c 'rule')" 6
# What hovering shows: the payload and the comment in full.
card=$(dom rough_faults '#packet-4' | tr '\n' ' ' | grep -o '<aside id="card".*</aside>')
expect "rough_faults shows a packet" \
  "$(grep -o 'data 1\|rule .far. delayed it; arrived after 20ms' <<<"$card" | sort -u)" \
  "data 1
rule 'far' delayed it; arrived after 20ms"
exit $failed
