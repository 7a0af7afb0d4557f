# shellcheck shell=bash
# ./dev lint: every rule is run, and each that fails is named at the end.

sources() {
  git ls-files --cached --others --exclude-standard -- '*.cc' '*.h'
}

lint_format() {
  local files
  mapfile -t files < <(sources)
  clang-format --dry-run -Werror "${files[@]}"
}

# Sources that differ from the last commit first, then the rest.
sources_changed_first() {
  {
    git diff --name-only HEAD -- '*.cc'
    git ls-files --others --exclude-standard -- '*.cc'
    git ls-files -- '*.cc'
  } | awk '!seen[$0]++'
}

# Clang's own warnings count here too: the preset builds with -Werror.
lint_tidy() {
  local files existing=()
  mapfile -t files < <(sources_changed_first)
  for file in "${files[@]}"; do
    # Fuzz targets are compiled in this preset as replays.
    [ ! -f "$file" ] || ! grep -q "\"file\": \"$ROOT/$file\"" build/clang/compile_commands.json || existing+=("$file")
  done
  printf '%s\n' "${existing[@]}" |
    xargs -P "$(nproc)" -n 4 clang-tidy -p build/clang --quiet 2> >(grep -v 'warnings generated\|Suppressed\|Use -header-filter' >&2)
}

lint_tree() {
  "$PYTHON" tests/lint/sizes.py && "$PYTHON" tests/lint/includes.py && "$PYTHON" tests/lint/hosts.py &&
    "$PYTHON" tests/lint/error_texts.py
}

lint_clang() { build_preset clang; }
lint_gcc() { build_preset debug; }

run_lint() {
  local failed=() rule
  need_packages build clang lint
  for rule in format tree gcc clang tidy; do
    echo "== lint: $rule"
    # A subshell with -e of its own: inside a condition, bash would ignore a failure in the middle.
    set +e
    (
      set -e
      "lint_$rule"
    )
    [ $? -eq 0 ] || failed+=("$rule")
    set -e
  done
  if [ ${#failed[@]} -gt 0 ]; then
    echo "dev: lint failed: ${failed[*]}"
    exit 1
  fi
  echo "dev: lint passed"
}
