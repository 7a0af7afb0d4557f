"""packaging/acme/certbot-hook with a certbot that is none (tests/integration/test_certificates.py has the real one)."""
import os
import subprocess

import pytest

from roots import ROOT

# Of a lineage that is there it would make a successor, which takes chown: refused in the sandbox of ingress-broker.service.
CERTBOT = """#!/bin/sh
set -eu
while [ $# -gt 0 ]; do
  case $1 in
    --config-dir) state=$2 ;;
    --cert-name) name=$2 ;;
  esac
  shift
done
for left in "$state/live/$name" "$state/archive/$name" "$state/renewal/$name.conf"; do
  if [ -e "$left" ]; then echo "error: $left: Operation not permitted" >&2; exit 1; fi
done
mkdir -p "$state/live/$name" "$state/archive/$name" "$state/renewal"
echo >> "$state/orders"
touch "$state/renewal/$name.conf"
for part in privkey fullchain; do
  echo "$part $(wc -l < "$state/orders")" > "$state/archive/$name/${part}1.pem"
  ln -s "../../archive/$name/${part}1.pem" "$state/live/$name/$part.pem"
done
"""


@pytest.fixture
def order(tmp_path):
    """order(name): what the hook leaves, key and chain; it has to end well."""
    (tmp_path / "bin").mkdir()
    certbot = tmp_path / "bin" / "certbot"
    certbot.write_text(CERTBOT)
    certbot.chmod(0o755)

    def run(name):
        files = [str(tmp_path / part) for part in ("key", "chain")]
        done = subprocess.run([os.path.join(ROOT, "packaging", "acme", "certbot-hook")], capture_output=True, text=True, check=False, env={
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "INGRESS_ACME_DIR": str(tmp_path), "INGRESS_ACME_EMAIL": "ops@example.com",
            "INGRESS_ACME_SERVER": "https://acme.example.com/directory", "INGRESS_ACME_CHALLENGE": "http-01", "INGRESS_ACME_CA_FILE": "",
            "INGRESS_ACME_WEBROOT": "/webroot", "INGRESS_ACME_NAME": name, "INGRESS_ACME_NAMES": name,
            "INGRESS_ACME_KEY_FILE": files[0], "INGRESS_ACME_CERT_FILE": files[1]})
        assert done.returncode == 0, done.stderr
        return [open(file).read() for file in files]

    return run


@pytest.mark.parametrize("name, lineage", [("www.example.com", "www.example.com"), ("*.iterate.app", "_.iterate.app")])
def test_a_renewal_is_an_order_like_the_first(order, tmp_path, name, lineage):
    assert order(name) == ["privkey 1\n", "fullchain 1\n"]
    assert order("other.example.com") == ["privkey 2\n", "fullchain 2\n"]
    assert order(name) == ["privkey 3\n", "fullchain 3\n"]
    assert sorted(os.listdir(tmp_path / "certbot" / "live")) == sorted([lineage, "other.example.com"]), "others stay as they are"
