# shellcheck shell=bash
# ./dev test: every test by the release build, then again under AddressSanitizer and UndefinedBehaviorSanitizer.

RESULTS=build/test-results

# What a test process obeys under a sanitizer: leaks count, and the exit code tells.
sanitizer_environment() {
  export ASAN_OPTIONS=detect_leaks=1:exitcode=99:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export LSAN_OPTIONS=exitcode=99
}

# Each part writes a JUnit file; a part that ends without one counts as a failure in total.py.
unit_tests() {
  local preset=$1
  echo "== unit tests and fuzz corpus: $preset"
  ctest --test-dir "build/$preset" --output-on-failure --parallel "$(nproc)" \
    --output-junit "$ROOT/$RESULTS/unit-$preset.xml" || true
}

integration_tests() {
  local preset=$1
  echo "== integration tests and scenarios: $preset"
  INGRESS_BIN="$ROOT/build/$preset/bin" "$PYTHON" -m pytest tests/integration tests/scenarios -n 6 -q \
    -p no:cacheprovider --junitxml="$RESULTS/integration-$preset.xml" || true
}

tree_tests() {
  echo "== rules of the tree"
  "$PYTHON" -m pytest tests/lint -q -p no:cacheprovider --junitxml="$RESULTS/tree.xml" || true
}

test_preset() {
  local preset=$1
  echo "== build: $preset"
  if ! build_preset "$preset"; then
    echo "dev: the build of $preset failed"
    return
  fi
  unit_tests "$preset"
  integration_tests "$preset"
}

run_tests() {
  need_packages build test
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS"
  sanitizer_environment
  tree_tests
  test_preset release
  test_preset asan
  "$PYTHON" scripts/total.py "$RESULTS" tree unit-release integration-release unit-asan integration-asan
}
