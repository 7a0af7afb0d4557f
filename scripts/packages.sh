# shellcheck shell=bash
# What each job needs of the distribution (Debian 12 and later, Ubuntu 24.04), and installing what is missing.
#
# An entry is a package, `a|b` (either will do; the first one that apt knows is installed), or `cmd:NAME=PACKAGE` (only
# where no command of that name is there: Node may well come from elsewhere), or `try:NAME` (where the distribution has
# it; the test that wants it is skipped, and says so, where it has not). The build has one more that it can do
# without: see need_vaes_gcm.

packages_of() {
  case $1 in
    build) cat <<'LIST' ;;
g++
cmake
ninja-build
ccache
pkg-config
libuv1-dev
libssl-dev
protobuf-compiler
libprotobuf-dev
libsqlite3-dev
libcli11-dev
libtoml11-dev
libspdlog-dev
libfmt-dev
nlohmann-json3-dev
libcjose-dev
libexpected-dev
doctest-dev
libcurl4-openssl-dev
libc-ares-dev
libllhttp-dev|node-llhttp
libnghttp2-dev
LIST
    demo) cat <<'LIST' ;;
cmd:curl=curl
cmd:openssl=openssl
cmd:/usr/bin/python3=python3
LIST
    test) packages_of_test ;;
    bench) cat <<'LIST' ;;
cmd:openssl=openssl
cmd:/usr/bin/python3=python3
cmd:/usr/sbin/nginx=nginx-light
cmd:wrk=wrk
cmd:strace=strace
cmd:h2load=nghttp2-client
cmd:/sbin/ip=iproute2
cmd:/usr/sbin/sysctl=procps
LIST
    clang) packages_of_clang ;;
    static) echo libc-ares-dev ;;
    arm64) cat <<'LIST' ;;
crossbuild-essential-arm64
libuv1-dev:arm64
libssl-dev:arm64
libprotobuf-dev:arm64
libnghttp2-dev:arm64
libc-ares-dev:arm64
LIST
    package) cat <<'LIST' ;;
cmd:help2man=help2man
cmd:dpkg-shlibdeps=dpkg-dev
cmd:file=file
LIST
    package-test) packages_of_package_test ;;
    lint) cat <<'LIST' ;;
clang-format
clang-tidy
cmd:git=git
LIST
    fuzz) echo llvm ;;
    compat) cat <<'LIST' ;;
python3-venv
try:ttyd
cmd:node=nodejs
cmd:npm=npm
LIST
    *)
      echo "dev: no package set $1" >&2
      return 1
      ;;
  esac
}

packages_of_test() {
  cat <<'LIST'
cmd:curl=curl
cmd:openssl=openssl
cmd:git=git
cmd:/usr/bin/python3=python3
python3-venv
python3-pytest
python3-pytest-timeout
python3-pytest-xdist
python3-django
python3-grpcio
python3-h2
cmd:h2load=nghttp2-client
cmd:/usr/sbin/nginx=nginx-light
try:haproxy
try:openssh-server
try:openssh-client
try:rsync
try:postgresql
cmd:promtool=prometheus
cmd:node=nodejs
cmd:npm=npm
try:pebble try:lego try:certbot
chromium|chromium-browser
chromium-driver|chromium-chromedriver
cmd:certutil=libnss3-tools
cmd:unshare=util-linux
LIST
}

packages_of_package_test() {
  cat <<'LIST'
cmd:/usr/bin/python3=python3
python3-pytest
python3-pytest-timeout
cmd:/usr/sbin/debootstrap=debootstrap
cmd:/sbin/ip=iproute2
cmd:curl=curl
cmd:openssl=openssl
cmd:systemd-analyze=systemd
cmd:systemd-nspawn=systemd-container
busybox-static
try:qemu-user-static
try:supervisor
try:runit
LIST
}

packages_of_clang() {
  local version
  echo clang
  version=$(clang_version)
  [ -z "$version" ] || echo "libclang-rt-$version-dev"
}

# The major version behind the distribution's `clang` package, whose run-time libraries are a package of that version.
clang_version() {
  local depends
  depends=$(apt-cache depends clang 2>/dev/null) || return 0
  sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' <<<"$depends" | sed -n 1p
}

# Of this machine's architecture, where the name says no other (NAME:arm64): dpkg-query tells of all.
installed() {
  local native found
  native=$(dpkg --print-architecture)
  found=$(dpkg-query -W -f='${db:Status-Status} ${Architecture}\n' "$1" 2>/dev/null) || return 1
  if [[ $1 == *:* ]]; then native=${1#*:}; fi
  grep -qxE "installed ($native|all)" <<<"$found"
}

# The whole answer is read before it is searched: a `grep -q` that leaves early ends apt-cache by SIGPIPE, and `pipefail`
# would then call a known package unknown.
known_to_apt() {
  local policy
  policy=$(apt-cache policy "$1" 2>/dev/null) || return 1
  grep -q 'Candidate: [^(]' <<<"$policy"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "dev: neither root nor sudo: cannot run: $*" >&2
    return 1
  fi
}

# Prints the entry where nothing of it is there.
missing_entry() {
  local entry=$1 name
  if [[ $entry == cmd:* ]]; then
    name=${entry#cmd:}
    command -v "${name%%=*}" >/dev/null || echo "${name#*=}"
    return
  fi
  if [[ $entry == try:* ]]; then
    name=${entry#try:}
    if ! installed "$name" && known_to_apt "$name"; then echo "$name"; fi
    return
  fi
  for name in ${entry//|/ }; do
    if installed "$name"; then return; fi
  done
  echo "$entry"
}

# Of `a|b` the first that apt knows.
choose_package() {
  local name
  for name in ${1//|/ }; do
    if known_to_apt "$name"; then
      echo "$name"
      return
    fi
  done
  echo "${1%%|*}"
}

# Debian starts a service as soon as its package is installed (nginx would take port 80); policy-rc.d is its own way to
# say no.
without_services() {
  local policy=/usr/sbin/policy-rc.d placed=no status=0
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
    placed=yes
  fi
  "$@" || status=$?
  if [ $placed = yes ]; then as_root rm -f $policy; fi
  return $status
}

install_packages() {
  echo "dev: installing by apt: $*"
  without_services as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

# AES-GCM by AVX-512 (docs/decisions/0005-aes-gcm-by-ipsec-mb.md): of use on amd64 with an OpenSSL before 3.2, and no
# loss where it cannot be had.
need_vaes_gcm() {
  local openssl
  [ "$(dpkg --print-architecture)" = amd64 ] && ! installed libipsec-mb-dev && known_to_apt libipsec-mb-dev || return 0
  openssl=$(dpkg-query -W -f='${Version}' libssl-dev 2>/dev/null) || return 0
  dpkg --compare-versions "$openssl" lt 3.2 || return 0
  install_packages libipsec-mb-dev || echo "dev: goes on without libipsec-mb-dev"
}

# Debian's cross toolchain, and libraries of that architecture, which dpkg has to be told of.
need_arm64() {
  if [ "$(dpkg --print-architecture)" != arm64 ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
    as_root dpkg --add-architecture arm64
  fi
  need_packages arm64
}

# need_packages SET...
need_packages() {
  need_listed_packages "$@"
  if [[ " $* " == *" build "* ]]; then need_vaes_gcm; fi
}

need_listed_packages() {
  local entries entry set missing=() chosen=()
  for set in "$@"; do
    entries=$(packages_of "$set")
    for entry in $entries; do
      entry=$(missing_entry "$entry")
      [ -z "$entry" ] || missing+=("$entry")
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "dev: this machine lacks: ${missing[*]}"
  as_root apt-get update -q >&2
  for entry in "${missing[@]}"; do chosen+=("$(choose_package "$entry")"); done
  install_packages "${chosen[@]}"
}
