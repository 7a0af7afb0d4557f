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

# What has been found clean keeps a stamp in the preset's folder, which counts until the object beside it is built again: the
# build knows what a source includes. A comment that changes nothing but an object's time counts as a change, too.
tidy_unless_clean() {
  local source=$1 object=$2 stamp=build/clang/tidy/$1.clean
  if [ "$stamp" -nt "$object" ] && [ "$stamp" -nt .clang-tidy ]; then return 0; fi
  clang-tidy -p build/clang --quiet "$source" 2> >(grep -v 'warnings generated\|Suppressed\|Use -header-filter' >&2) || return 1
  mkdir -p "${stamp%/*}"
  touch "$stamp"
}

# "SOURCE OBJECT" of each source that the preset compiles; fuzz targets are compiled there as replays.
tidy_sources() {
  local objects=build/clang/tidy_objects
  "$PYTHON" - build/clang/compile_commands.json "$ROOT" >"$objects" <<'END'
import json, os, shlex, sys
for entry in json.load(open(sys.argv[1])):
    words = shlex.split(entry["command"])
    source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), sys.argv[2])
    print(source, os.path.join(entry["directory"], words[words.index("-o") + 1]))
END
  sources_changed_first | awk 'NR == FNR { object[$1] = $2; next } $1 in object { print $1, object[$1] }' "$objects" -
}

# Clang's own warnings count here too: the preset builds with -Werror.
lint_tidy() {
  export -f tidy_unless_clean
  tidy_sources | xargs -P "$(nproc)" -n 2 bash -c 'tidy_unless_clean "$@"' tidy
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
