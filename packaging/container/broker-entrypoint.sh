#!/bin/sh
# A volume belongs to root when it is new, and the broker is not to: makes its folders, and becomes `ingress`. Started as
# another user it is that one's to have them.
#
# Without a certificate the broker does not serve, and a new volume is filled while the container runs: so `run` waits until
# there is one.
set -eu
data=$(dirname "${INGRESS_DB:-/data/routes.db}")
certificates=${INGRESS_TLS_DIR:-$data/tls}
as_ingress=''

has_pair() {
  for certificate in "$certificates"/*.crt; do
    if [ -s "$certificate" ] && [ -s "${certificate%.crt}.key" ]; then return 0; fi
  done
  return 1
}

# By ACME the broker gets one itself. What a file or words say of certificates is the broker's to judge.
lacks_certificate() {
  [ "${1:-}" = run ] || return 1
  [ -z "${INGRESS_CONFIG:-}${INGRESS_ACME_EMAIL:-}${INGRESS_ACME_HOOK:-}" ] || return 1
  case " $*" in *" --config"* | *" --acme-"* | *" --tls-dir"*) return 1 ;; esac
  if has_pair; then return 1; fi
  # Something else that is wrong the broker says at once, as it ends.
  shift
  case $($as_ingress ingress-broker validate "$@" 2>&1) in *--tls-dir*) return 0 ;; *) return 1 ;; esac
}

# As process 1 it ends by no signal that it does not catch.
wait_for_certificate() {
  cat >&2 <<END
broker-entrypoint: no certificate in $certificates. Waiting for NAME.crt and NAME.key, for *.DOMAIN and *.machines.DOMAIN:
broker-entrypoint: copy them there (docker cp, fly ssh sftp). Or set INGRESS_ACME_EMAIL and INGRESS_ACME_DNS: docs/certificates.md
END
  trap 'exit 0' TERM INT
  until has_pair; do
    sleep 1 &
    wait $! || true
  done
  trap - TERM INT
}

become_ingress() {
  install -d -o ingress -g ingress -m 0750 "$data" "$certificates" /run/ingress
  as_ingress='setpriv --reuid=ingress --regid=ingress --init-groups'
  if lacks_certificate "$@"; then wait_for_certificate; fi
  chown -R ingress:ingress "$certificates"
  exec $as_ingress ingress-broker "$@"
}

if [ "$(id -u)" = 0 ]; then become_ingress "$@"; fi
if lacks_certificate "$@"; then wait_for_certificate; fi
exec ingress-broker "$@"
