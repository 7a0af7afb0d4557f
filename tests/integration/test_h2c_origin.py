"""Origins that speak HTTP/2 in clear: `origin_protocol: h2c`."""
import itertools

import pytest

from harness.h2_origin import H2Origin

NAMES = (f"h2c{number}" for number in itertools.count())


@pytest.fixture
def make_h2c(shared):
    """(host, origin): a service with the policy, on the port of an origin of the test's own."""
    made = []

    def make(*words, policy=None, **options):
        origin = H2Origin(*words, **options)
        made.append(origin)
        name = next(NAMES)
        shared.admin.service("misha", name, origin.port, policy=policy or {"origin_protocol": "h2c"})
        return f"{name}.misha.iterate.app", origin

    yield make
    for origin in made:
        origin.close()
    failures = [failure for origin in made for failure in origin.failures]
    assert not failures, failures


def test_a_get_reaches_an_h2c_origin_and_its_answer_the_client(shared, make_h2c):
    host, origin = make_h2c()
    response = shared.get(host, "/a?b=c", fields=[("X-Some", "Thing"), ("TE", "trailers"), ("Connection", "TE")])
    assert (response.status, response.body) == (200, b"ok")
    request = origin.requests[0]
    assert request.get(":method") == "GET" and request.get(":path") == "/a?b=c" and request.get(":scheme") == "http"
    assert request.get(":authority") == f"localhost:{origin.port}"
    assert request.get("x-some") == "Thing" and request.get("te") == "trailers"
    assert request.get("host") is None and request.get("connection") is None
    assert request.get("x-forwarded-host") == host
