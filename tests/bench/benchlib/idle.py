"""Memory of a broker that holds many idle TLS tunnels (bin/hold_tunnels opens them)."""
import hashlib
import os
import sqlite3
import time


def idle_tunnels(bench, tls, count):
    name = f"broker-{count}"
    database = f"{name}.db"
    # The schema is the broker's own: started once, then the rows are written to its file while it is down.
    first, _, _ = bench.start_broker(tls, name + "-first", database)
    first.stop()
    token = "bench-token"
    with sqlite3.connect(os.path.join(bench.folder, database)) as rows:
        digest = hashlib.sha256(token.encode()).hexdigest()
        fill(rows, count, digest)
    broker, _, https = bench.start_broker(tls, name, database)
    time.sleep(1)
    before_kb = broker.rss_kb()
    before_cpu = broker.cpu_ns()
    holder = bench.start([bench.program("hold_tunnels"), "127.0.0.1", str(https), f"{tls}/bench.crt", "localhost",
                          "mach_idle_", str(count), token], f"holder-{count}")
    holder.wait_log("holding", 300)
    after_kb, opened_cpu = broker.rss_kb(), broker.cpu_ns()
    time.sleep(10)
    idle_cpu = broker.cpu_ns() - opened_cpu
    settled_kb = broker.rss_kb()
    holder.stop()
    broker.stop()
    each_kb = (after_kb - before_kb) / count
    settled_each_kb = (settled_kb - before_kb) / count
    figures = {"count": count, "kb_each": settled_each_kb, "kb_each_at_once": each_kb, "handshake_us": (opened_cpu - before_cpu) / 1000 / count,
               "idle_cpu_ms_per_s": idle_cpu / 1e6 / 10}
    print(f"\n### {count} idle TLS tunnels\n\n- broker RSS per tunnel: {settled_each_kb:.1f} KB ({each_kb:.1f} KB at the moment when the last one was up)\n- CPU per handshake: "
          f"{figures['handshake_us']:.0f} µs\n- CPU while idle: {figures['idle_cpu_ms_per_s']:.1f} ms per second")
    return figures


def fill(rows, count, digest):
    """Machines and their tokens, by the columns that the schema has."""
    machine_columns = [row[1] for row in rows.execute("PRAGMA table_info(machines)")]
    token_columns = [row[1] for row in rows.execute("PRAGMA table_info(tokens)")]
    machine = {"state": "active", "default_port": 3000, "metadata": "{}", "created_at": 0}
    token = {"sha256": digest, "label": "", "created_at": 0}
    for number in range(count):
        identity = f"mach_idle_{number}"
        insert(rows, "machines", machine_columns, {**machine, "id": identity, "alias": identity.replace("_", "-")})
        insert(rows, "tokens", token_columns, {**token, "id": f"tk_{number}", "machine": identity})


def insert(rows, table, columns, values):
    known = [column for column in columns if column in values]
    marks = ",".join("?" * len(known))
    rows.execute(f"INSERT INTO {table} ({','.join(known)}) VALUES ({marks})", [values[column] for column in known])
