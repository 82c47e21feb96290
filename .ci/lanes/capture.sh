# Captures, as Wireshark and a browser see them; the script says which of them were right.
bazel build //testing/capture:{sample,show} || exit
testing/capture/check_captures.sh bazel-bin/testing/capture/{sample,show} | sed "/^PASSED \|^FAILED /w $CI_TALLY"
exit "${PIPESTATUS[0]}"
