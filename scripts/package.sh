# shellcheck shell=bash
# ./dev package: .deb files of the three programs, in build/packages, and what tries them and the static agent.

PACKAGES=build/packages

# build_packages FOLDER [REVISION]: by the release build.
build_packages() {
  local folder=$1
  build_preset release package_files
  rm -rf "$folder"
  cpack --config build/release/CPackConfig.cmake -B "$folder" -D "CPACK_DEBIAN_PACKAGE_RELEASE=${2:-1}"
  rm -rf "$folder/_CPack_Packages"
}

# explain_more FOLDER: its packages say more of the settings than the ones before: an upgrade leaves alone what an operator
# has edited of theirs.
explain_more() {
  local package root
  for package in "$1"/ingress-{broker,agent}_*.deb; do
    root=$(mktemp -d)
    chmod 0755 "$root"  # the mode of / in the package
    dpkg-deb --raw-extract "$package" "$root"
    echo '# A later version explains more.' | tee -a "$root"/usr/share/ingress/*.toml >/dev/null
    (cd "$root" && md5sum usr/share/ingress/*.toml && grep -v ' usr/share/ingress/' DEBIAN/md5sums) >"$root.md5sums"
    mv "$root.md5sums" "$root/DEBIAN/md5sums"
    dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
    rm -r "$root"
  done
}

run_package() {
  local job=${1:-files}
  case $job in
    files)
      need_packages build package
      build_packages "$PACKAGES"
      ls -l "$PACKAGES"
      ;;
    test)
      need_packages build package package-test static
      build_preset static
      # Ubuntu keeps packages of arm64 elsewhere; the test of that file says then that it is skipped.
      if need_arm64; then build_preset static-arm64; else echo "dev: goes on without the file for arm64"; fi
      build_packages "$PACKAGES"
      build_packages "$PACKAGES/next" 2
      explain_more "$PACKAGES/next"
      INGRESS_BIN="$ROOT/build/release/bin" INGRESS_PACKAGES="$ROOT/$PACKAGES" "$PYTHON" -m pytest tests/packaging -q --timeout 3600 \
        -p no:cacheprovider "${@:2}"
      ;;
    *)
      echo "dev: package makes .deb files, package test tries them; not \"$job\"" >&2
      return 2
      ;;
  esac
}
