# Shared by the scripts of this folder; source it. Afterwards the working folder is the repository's root.
#
#   ATTUNE_JOBS         compile jobs and tests at a time (default: the number of CPUs)
#   ATTUNE_BUILD_ROOT   where build folders go (default: build/)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=${ATTUNE_JOBS:-$(nproc)}
build_root=${ATTUNE_BUILD_ROOT:-$PWD/build}

# build PRESET TESTS(ON|OFF) [ninja targets]: configures build_root/PRESET and builds it; prints only when it fails.
build() {
  local preset=$1 tests=$2 log
  shift 2
  log=$(mktemp)
  if ! { cmake --preset "$preset" -B "$build_root/$preset" -DATTUNE_TESTS="$tests" &&
         cmake --build "$build_root/$preset" -j "$jobs" ${1:+--target "$@"}; } >"$log" 2>&1; then
    tail -n 100 "$log" >&2
    rm -f "$log"
    echo "the $preset build failed (the last lines are above)" >&2
    return 1
  fi
  rm -f "$log"
}

# took SINCE: seconds since $SECONDS was SINCE, for people.
took() {
  local seconds=$((SECONDS - $1))
  printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
}
