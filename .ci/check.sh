# Runs a command as one test of the lane: check NAME COMMAND...
check() {
  local name=$1
  shift
  if "$@"; then
    echo "PASSED $name" >>"$CI_TALLY"
  else
    echo "FAILED: $name"
    echo "FAILED $name" >>"$CI_TALLY"
    return 1
  fi
}
