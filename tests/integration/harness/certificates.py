"""A CA of the test run's own and certificates by it, made with openssl."""
import os
import ssl
import subprocess

P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Ca:
    def __init__(self, folder, name="ingress test CA"):
        self.folder = folder
        self.path = os.path.join(folder, "ca.crt")
        self._key = os.path.join(folder, "ca.key")
        _openssl("req", "-x509", *P256, "-days", "3", "-subj", f"/CN={name}", "-addext",
                 "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign", "-keyout", self._key,
                 "-out", self.path)

    def issue(self, folder, name, hosts, days=90):
        """NAME.crt and NAME.key in `folder`. Both are put in place whole, the key first."""
        request = os.path.join(self.folder, f"{name}.csr")
        key, certificate = (os.path.join(self.folder, f"{name}.new.{kind}") for kind in ("key", "crt"))
        extensions = os.path.join(self.folder, f"{name}.ext")
        names = ",".join(("IP:" if ":" in host or host.replace(".", "").isdigit() else "DNS:") + host for host in hosts)
        with open(extensions, "w") as file:
            file.write(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        _openssl("req", *P256, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self._key, "-CAcreateserial", "-days",
                 str(days), "-extfile", extensions, "-out", certificate)
        os.rename(key, os.path.join(folder, f"{name}.key"))
        os.rename(certificate, os.path.join(folder, f"{name}.crt"))

    def context(self, alpn=("http/1.1",)):
        """For clients. The name is checked by the tests that are about it: OpenSSL's own check lets no `_` match a
        wildcard, where curl's and the browsers' does."""
        context = ssl.create_default_context(cafile=self.path)
        context.check_hostname = False
        context.set_alpn_protocols(list(alpn))
        return context
