# shellcheck shell=bash
# ./dev fuzz: libFuzzer over every decoder, from the committed corpus; a finding fails and is kept. ./dev fuzz runs N.
# ./dev fuzz coverage.

# fuzz_one TARGET LIMIT, which is an option of libFuzzer's: new inputs gather in build/fuzz/corpus, findings in build/fuzz/findings.
fuzz_one() {
  local name=$1 limit=$2
  local work=build/fuzz/corpus/$name seeds=tests/fuzz/corpus/$name log=build/fuzz/logs/$name.log
  local dictionary=tests/fuzz/$name.dict options=()
  mkdir -p "$work" build/fuzz/findings build/fuzz/logs "$seeds"
  [ ! -f "$dictionary" ] || options+=("-dict=$dictionary")
  if "build/fuzz/bin/fuzz_$name" "$limit" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    "-artifact_prefix=build/fuzz/findings/$name-" "${options[@]}" "$work" "$seeds" >"$log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs, no finding"
  else
    tail -n 60 "$log"
    echo "$name: FINDING, see $log and build/fuzz/findings/$name-*"
    return 1
  fi
}
export -f fuzz_one

fuzz_targets() {
  sed -n 's/^ingress_fuzz(\([a-z0-9_]*\).*/fuzz_\1/p' tests/fuzz/*.cmake
}

# Of what a folder holds.
fuzz_names() {
  local program
  for program in "$1"/fuzz_*; do
    [ ! -x "$program" ] || basename "$program" | sed 's/^fuzz_//'
  done
}

# Lines of the decoders' sources that a replay of the committed corpus reaches; fails where a decoder has too few.
# Without assertions: code behind one would count as not reached.
fuzz_coverage() {
  local folder=build/coverage name flags="-fprofile-instr-generate -fcoverage-mapping"
  need_packages build clang fuzz
  cmake -S . -B $folder -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    "-DCMAKE_CXX_FLAGS=$flags -DNDEBUG" "-DCMAKE_EXE_LINKER_FLAGS=$flags" >/dev/null
  # shellcheck disable=SC2046
  cmake --build $folder --target $(fuzz_targets)
  rm -f $folder/*.lcov
  for name in $(fuzz_names $folder/bin); do
    LLVM_PROFILE_FILE=$folder/$name.profraw $folder/bin/fuzz_"$name" "tests/fuzz/corpus/$name" >/dev/null
    llvm-profdata merge -o "$folder/$name.profdata" "$folder/$name.profraw"
    llvm-cov export -format=lcov "$folder/bin/fuzz_$name" -instr-profile="$folder/$name.profdata" >"$folder/$name.lcov"
  done
  "$PYTHON" tests/fuzz/coverage.py "$@" $folder/*.lcov
}

run_fuzz() {
  local limit=-max_total_time=${1:-60}
  if [ "${1:-}" = coverage ]; then
    fuzz_coverage "${@:2}"
    return
  fi
  [ "${1:-}" != runs ] || limit=-runs=${2:-1000000}
  [[ $limit =~ =[0-9]+$ ]] || {
    echo "dev: fuzz takes a number of seconds, or \"runs\" and a number of runs a target, or the word coverage" >&2
    exit 2
  }
  need_packages build clang fuzz
  # shellcheck disable=SC2046
  build_preset fuzz $(fuzz_targets)
  # As many targets at a time as there are processors.
  fuzz_names build/fuzz/bin | xargs -P "$(nproc)" -I NAME bash -c "fuzz_one NAME $limit" || {
    echo "dev: fuzz: there are findings"
    exit 1
  }
}
