# shellcheck shell=bash
# ./dev compat: frameworks that are too big for every test run.

# VS Code's server is inside the npm package, its dependencies are installed beside it. Of what would have to be compiled it
# needs argon2 alone, against the headers that Node's own package has. Its version is the last one for Node 20.
install_code_server() {
  local folder=build/compat/code-server
  [ ! -e $folder/ready ] || return 0
  [[ $(node --version) == v20.* ]] && [ -d /usr/include/node ] || return 1
  mkdir -p $folder
  echo '{"private": true}' >$folder/package.json
  (cd $folder && npm install --ignore-scripts --no-audit --no-fund code-server@4.99.4) &&
    (cd $folder/node_modules/code-server/lib/vscode && npm install --omit=dev --ignore-scripts --no-audit --no-fund) &&
    (cd $folder && npm_config_nodedir=/usr npm_config_build_from_source=true npm rebuild argon2) &&
    touch $folder/ready
}

run_compat() {
  need_packages build test compat
  build_preset release ingress-broker ingress-agent ingressctl
  [ -d build/compat/jupyter ] || "$PYTHON" -m venv build/compat/jupyter
  build/compat/jupyter/bin/pip install --quiet -r tests/compat/requirements.txt
  install_code_server || echo "dev: goes on without code-server"
  INGRESS_BIN="$ROOT/build/release/bin" "$PYTHON" -m pytest tests/compat -q --timeout 1800 -p no:cacheprovider "$@"
}
