"""`kill -9` of either program and its restart: how long until a request through the tunnel works again."""
import http.client
import statistics
import time

from benchlib.processes import wait_until
from benchlib.targets import MACHINE, DOMAIN, accepts, free_port

TIMES = 7


def restarts(bench, tls):
    """Counted from when the broker accepts connections again, and from when the agent was started."""
    ports = free_port(), free_port()
    names = {"name": "restart-broker", "database": "restart.db", "ports": ports}
    broker, http_port, https_port = bench.start_broker(tls, **names)
    agent = bench.start_agent(https_port, tls, "restart-broker", "restart-agent")
    agent.wait_log("tunnel_up")
    figures = {"broker": [], "agent": []}
    for turn in range(TIMES):
        broker.kill()
        time.sleep(0.1 * (1 + turn))
        broker, _, _ = bench.start_broker(tls, **names, wait=False)
        wait_until(lambda: accepts(http_port), 20, "broker")
        figures["broker"].append(_until_served(http_port))
        agent.kill()
        agent = bench.start_agent(https_port, tls, "restart-broker", "restart-agent")
        figures["agent"].append(_until_served(http_port))
    agent.stop()
    broker.stop()
    print(f"\n### kill -9 and restart: seconds until a request works, {TIMES} times\n")
    for who, since in (("broker", "it listens again"), ("agent", "it is started")):
        print(f"- {who}, since {since}: median {statistics.median(figures[who]):.3f}, worst {max(figures[who]):.3f}")
    return figures


def _until_served(port, seconds=30):
    start = time.monotonic()
    wait_until(lambda: _status(port) == 200, seconds, "a request after the restart")
    return time.monotonic() - start


def _status(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/small", headers={"Host": f"{MACHINE}.machines.{DOMAIN}"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
