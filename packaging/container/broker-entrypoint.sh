#!/bin/sh
# A volume belongs to root when it is new, and the broker is not to: makes its folders, and becomes `ingress`. Started as
# another user it is that one's to have them.
set -eu
if [ "$(id -u)" = 0 ]; then
  data=$(dirname "${INGRESS_DB:-/data/routes.db}")
  certificates=${INGRESS_TLS_DIR:-$data/tls}
  install -d -o ingress -g ingress -m 0750 "$data" "$certificates" /run/ingress
  chown -R ingress:ingress "$certificates"
  exec setpriv --reuid=ingress --regid=ingress --init-groups ingress-broker "$@"
fi
exec ingress-broker "$@"
