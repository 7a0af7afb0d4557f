# shellcheck shell=bash
# ./dev compat: frameworks that are too big for every test run.

run_compat() {
  need_packages build test compat
  build_preset release ingress-broker ingress-agent ingressctl
  [ -d build/compat/jupyter ] || "$PYTHON" -m venv build/compat/jupyter
  build/compat/jupyter/bin/pip install --quiet -r tests/compat/requirements.txt
  INGRESS_BIN="$ROOT/build/release/bin" "$PYTHON" -m pytest tests/compat -q -p no:cacheprovider "$@"
}
