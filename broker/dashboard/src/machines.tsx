import { useEffect, useState } from "preact/hooks";
import { get, query, type Who } from "./api";
import { ago, bytes, count, duration } from "./format";
import { useSelectedInView, useShortcuts } from "./keys";
import { usePoll } from "./live";
import { MachineView } from "./machine";
import { readPages } from "./pages";
import { Dot, Empty, Failure, Search } from "./parts";
import type { Machine, Page, Tunnel } from "./types";
import { go, link, useSearch, type Way } from "./way";

const PAGE = 100;
const LOOK_MS = 2000;

// Ids are in the order of their bytes: a page behind the last one that cannot begin so begins where they do.
const beforePrefix = (prefix: string) =>
  prefix ? prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1) + "~" : "";

interface Look {
  machines: Machine[];
  more: boolean;
  tunnels: Map<string, Tunnel[]>; // none where not all could be asked for: a part of a machine's would be taken for all
}

async function look(prefix: string, most: number, signal: AbortSignal): Promise<Look> {
  const [rows, tunnels] = await Promise.all([
    get<Page<Machine>>(`/v1/machines${query({ limit: most, cursor: beforePrefix(prefix) })}`, signal),
    readPages((cursor) => get<Page<Tunnel>>(`/v1/tunnels${query({ limit: 1000, cursor })}`, signal)),
  ]);
  const machines = rows.items.filter((machine) => machine.id.startsWith(prefix));
  const of = new Map<string, Tunnel[]>();
  for (const page of tunnels.whole ? tunnels.pages : []) {
    for (const tunnel of page.items) of.set(tunnel.machine, [...(of.get(tunnel.machine) ?? []), tunnel]);
  }
  return { machines, more: rows.next !== null && machines.length === rows.items.length, tunnels: of };
}

const kindOf = (machine: Machine) =>
  machine.connected ? "good" : machine.state === "archived" || machine.state === "detached" ? "idle" : "bad";

interface RowProps {
  machine: Machine;
  tunnels: Tunnel[] | undefined; // where they are known
  selected: boolean;
  query: Record<string, string>;
}

function Row({ machine, tunnels: known, selected, query }: RowProps) {
  const tunnels = known ?? [];
  const sum = (read: (tunnel: Tunnel) => number, show: (value: number) => string) =>
    known ? show(tunnels.reduce((total, tunnel) => total + read(tunnel), 0)) : "—";
  const trips = tunnels.map((tunnel) => tunnel.roundTripMs).filter((ms) => ms > 0);
  const ports = machine.listening ?? [];
  return (
    <tr class={selected ? "selected" : ""} aria-selected={selected} onClick={() => go("machines", machine.id, query)}>
      <td><Dot kind={kindOf(machine)} label={machine.connected ? "connected" : "not connected"} /></td>
      <td class="key"><a href={link("machines", machine.id, query)}>{machine.id}</a></td>
      <td>{machine.state}</td>
      <td class="wide">{machine.owner ?? "—"}</td>
      <td class="num" title={known ? "" : "its tunnels are not shown here"}>{sum(() => 1, count)}</td>
      <td class="num">{trips.length ? duration(Math.min(...trips)) : "—"}</td>
      <td class="num wide">{sum((tunnel) => tunnel.streams, count)}</td>
      <td class="num wide">{sum((tunnel) => tunnel.sentBytes, bytes)}</td>
      <td class="num wide">{sum((tunnel) => tunnel.receivedBytes, bytes)}</td>
      <td class="wide clip">{ports.slice(0, 6).map((port) => port.port).join(" ") || "—"}{ports.length > 6 && " …"}</td>
      <td class="num">{ago(machine.activity?.lastRequestAt)}</td>
    </tr>
  );
}

// Of a machine that is connected none may be told: they are another owner's, or there are too many in all.
const tunnelsOf = (look: Look | undefined, machine: Machine) =>
  look?.tunnels.get(machine.id) ?? (machine.connected ? undefined : []);

export function Machines({ who, way }: { who: Who; way: Way }) {
  const { typed, setTyped, q, query } = useSearch("machines", way);
  const [most, setMost] = useState(PAGE);
  const [at, setAt] = useState(-1);
  const prefix = q.toLowerCase();
  useEffect(() => setMost(PAGE), [prefix]);
  const { value, problem } = usePoll(`${prefix} ${most}`, LOOK_MS, (signal) => look(prefix, most, signal));
  const rows = value?.machines ?? [];
  const move = (by: number) => setAt((last) => Math.max(0, Math.min(rows.length - 1, last + by)));
  useShortcuts(way.item ? [] : [
    { keys: "j, ArrowDown", what: "next row", run: () => move(1) },
    { keys: "k, ArrowUp", what: "row before", run: () => move(-1) },
    { keys: "Enter", what: "open the row", run: () => rows[at] && go("machines", rows[at].id, query) },
  ]);
  useSelectedInView(way.item || at);
  if (way.item) return <MachineView id={way.item} who={who} query={query} />;
  return (
    <main>
      <div class="tools">
        <h1>Machines</h1>
        <Search value={typed} onInput={setTyped} label="begins with…" />
        <span class="note">{value && `${count(rows.length)}${value.more ? "+" : ""}`}</span>
      </div>
      <Failure text={problem} />
      <div class="scroll">
        <table class="rows" id="machines">
          <thead>
            <tr>
              <th /><th>machine</th><th>state</th><th class="wide">owner</th><th class="num">tunnels</th><th class="num">rtt</th>
              <th class="num wide">streams</th><th class="num wide">to it</th><th class="num wide">from it</th>
              <th class="wide">listens</th><th class="num">used</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((machine, index) => (
              <Row key={machine.id} machine={machine} tunnels={tunnelsOf(value, machine)} selected={index === at} query={query} />
            ))}
          </tbody>
        </table>
      </div>
      {value && rows.length === 0 && <Empty>{prefix ? `No machine begins with “${prefix}”.` : "No machine yet: ingressctl machine create"}</Empty>}
      {value?.more && most < 1000 && <button class="more" onClick={() => setMost(Math.min(1000, most * 2))}>More</button>}
      {value?.more && most >= 1000 && <Empty>The first thousand. Type how its id begins to find another one.</Empty>}
    </main>
  );
}
