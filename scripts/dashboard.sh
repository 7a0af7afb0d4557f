# shellcheck shell=bash
# The npm modules of the broker's dashboard (broker/dashboard), in build/dashboard for all presets: installed once for
# each package-lock.json, and not asked for again. The first line of build/dashboard/state tells CMake what came of it.

install_dashboard_modules() {
  local sources=$1 folder=$2
  if [ -d "$folder/node_modules/esbuild" ] && cmp -s "$sources/package-lock.json" "$folder/installed-lock.json"; then
    return 0
  fi
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "npm is not installed"
    return 1
  fi
  echo "dev: installing the dashboard's npm modules" >&2
  cp "$sources/package.json" "$sources/package-lock.json" "$folder/"
  # Versions and hashes are the lock file's; the machine's own proxies and registry settings hold here.
  if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 >npm.log 2>&1); then
    tail -5 "$folder/npm.log" >&2
    echo "npm ci failed"
    return 1
  fi
  # Its program is a package for each kind of machine, which a mirror may lack.
  if ! (cd "$folder" && node -e 'require("esbuild").transformSync("")' >npm.log 2>&1); then
    tail -5 "$folder/npm.log" >&2
    echo "esbuild does not run here"
    return 1
  fi
  cp "$sources/package-lock.json" "$folder/installed-lock.json"
}

need_dashboard_modules() {
  local sources=$ROOT/broker/dashboard folder=$ROOT/build/dashboard state
  mkdir -p "$folder"
  exec 9>"$folder/.lock"
  flock 9
  if state=$(install_dashboard_modules "$sources" "$folder"); then
    state="installed $(cksum <"$sources/package-lock.json")"
  else
    echo "dev: the broker is built without its dashboard: $state" >&2
  fi
  # Written where it is another one: CMake is configured anew then.
  [ "$(cat "$folder/state" 2>/dev/null)" = "$state" ] || echo "$state" >"$folder/state"
  exec 9>&-
}
