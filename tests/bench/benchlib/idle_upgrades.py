"""Memory of a broker and an agent that hold many idle upgraded connections through one tunnel, from clear clients and from
https ones: the difference is what the clients' TLS costs."""
import time

from benchlib.targets import DOMAIN, MACHINE
from benchlib.websocket import start_upgrade_origin


def idle_upgrades(bench, count):
    origin = start_upgrade_origin(bench)
    print(f"\n### {count} idle WebSockets through one tunnel (goals: broker 4 KB each beside the client's TLS, agent 3 KB)\n\n"
          "| clients | broker KB each | agent KB each | CPU while idle, ms per s: broker | agent |\n|---|---|---|---|---|", flush=True)
    figures = {way: _held(bench, way, origin, count) for way in ("clear", "tls")}
    print(f"\n- a client's TLS in the broker: {figures['tls']['broker'] - figures['clear']['broker']:.1f} KB each", flush=True)
    return figures


def _held(bench, way, origin, count):
    """A broker and an agent of their own, so that none profits from what another crowd left mapped."""
    name = f"upgrades-{way}-"
    target, https, _ = bench.ingress(name, agent_options=("--connections", "1"))
    broker, agent = target.processes
    time.sleep(3)
    before = {"broker": broker.rss_kb(), "agent": agent.rss_kb()}
    port = https if way == "tls" else target.url.rsplit(":", 1)[1]
    holder = bench.start([bench.program("hold_upgrades"), way, str(port), f"{origin}__{MACHINE}.machines.{DOMAIN}", str(count)],
                         f"hold-upgrades-{way}")
    holder.wait_log("holding", 300)
    time.sleep(5)
    cpu = broker.cpu_ns(), agent.cpu_ns()
    time.sleep(10)
    idle_ms = [(process.cpu_ns() - then) / 1e6 / 10 for process, then in zip((broker, agent), cpu)]
    each = {"broker": (broker.rss_kb() - before["broker"]) / count, "agent": (agent.rss_kb() - before["agent"]) / count}
    for process in (holder, agent, broker):
        process.stop()
    print(f"| {way} | {each['broker']:.2f} | {each['agent']:.2f} | {idle_ms[0]:.1f} | {idle_ms[1]:.1f} |", flush=True)
    return {**each, "idle_ms_per_s": idle_ms}
