# shellcheck shell=bash
# Building a preset of CMakePresets.json.

known_preset() {
  case $1 in
    release | debug | asan | tsan | fuzz | clang | static | static-arm64) return 0 ;;
    *)
      echo "dev: no preset \"$1\"; there are release, debug, asan, tsan, fuzz, clang, static and static-arm64" >&2
      return 1
      ;;
  esac
}

# build_preset PRESET [TARGET...]: everything where no target is named.
build_preset() {
  local preset=$1 targets=()
  shift
  known_preset "$preset"
  need_dashboard_modules
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"
  [ $# -eq 0 ] || targets=(--target "$@")
  cmake --build --preset "$preset" "${targets[@]}"
}
