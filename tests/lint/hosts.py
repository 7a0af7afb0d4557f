"""No package registry's host name is in the tree: where packages come from is the machine's own configuration."""
import sys

from tree import ROOT, tracked

# In two pieces each, so that this file passes.
HOSTS = ["".join(parts) for parts in (
    ("pypi", ".org"), ("python", "hosted.org"), ("registry.npm", "js.org"), ("registry.yarn", "pkg.com"),
    ("deb.deb", "ian.org"), ("archive.ubu", "ntu.com"), ("security.deb", "ian.org"), ("proxy.go", "lang.org"),
    ("crates", ".io"),
)]


def complaints_of(path, data):
    for host in HOSTS:
        if host.encode() in data:
            yield f"{path}: names {host}"


def problems():
    found = []
    for path in tracked():
        found += complaints_of(path, (ROOT / path).read_bytes())
    return found


if __name__ == "__main__":
    complaints = problems()
    print("\n".join(complaints) if complaints else "hosts: good")
    sys.exit(1 if complaints else 0)
