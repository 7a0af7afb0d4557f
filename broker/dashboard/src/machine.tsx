import { useEffect, useState } from "preact/hooks";
import { get, mayWrite, projectOf, query, remove, type Who } from "./api";
import { follow } from "./events";
import { ago, bytes, clock, duration, moment } from "./format";
import { useShortcuts } from "./keys";
import { usePoll } from "./live";
import { Dot, Empty, Facts, Failure, Json, Sure } from "./parts";
import type { Machine, Page, Tunnel } from "./types";
import { go, link } from "./way";

const LOOK_MS = 2000;
const MOST_EVENTS = 100;

interface MachineEvent {
  id: string;
  at: string;
  type: string;
  data: Record<string, unknown>;
}

function useEvents(machine: string): MachineEvent[] {
  const [events, setEvents] = useState<MachineEvent[]>([]);
  useEffect(() => {
    setEvents([]);
    return follow(`/v1/machines/${encodeURIComponent(machine)}/events`, {
      onEvent: (event) => {
        if (event.type === "lost") return;
        const told = JSON.parse(event.data) as MachineEvent;
        setEvents((last) => [told, ...last].slice(0, MOST_EVENTS));
      },
      onState: () => {},
    });
  }, [machine]);
  return events;
}

const Tunnels = ({ tunnels, writes }: { tunnels: Tunnel[]; writes: boolean }) => (
  <div class="scroll">
    <table class="rows" id="tunnels">
      <thead>
        <tr><th>tunnel</th><th>peer</th><th class="num">rtt</th><th class="num">streams</th><th class="num">to it</th>
          <th class="num">from it</th><th class="wide">agent</th><th class="num">up</th><th /></tr>
      </thead>
      <tbody>
        {tunnels.map((tunnel) => (
          <tr key={tunnel.id}>
            <td class="key">{tunnel.id}{tunnel.draining && <span class="tag">draining</span>}</td>
            <td>{tunnel.peer}</td>
            <td class="num">{tunnel.roundTripMs > 0 ? duration(tunnel.roundTripMs) : "—"}</td>
            <td class="num">{tunnel.streams}</td>
            <td class="num">{bytes(tunnel.sentBytes)}</td>
            <td class="num">{bytes(tunnel.receivedBytes)}</td>
            <td class="wide">{tunnel.agentVersion}, loop {tunnel.loop}</td>
            <td class="num">{ago(tunnel.connectedAt)}</td>
            <td class="num">{writes && <Sure what="Close" run={() => remove(`/v1/tunnels/${encodeURIComponent(tunnel.id)}`)} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

// Where none is told. A project's token is told those of the machines alone that belong to the project.
function whyNone(machine: Machine, project: string): string {
  if (!machine.connected) return "No tunnel is up.";
  if (project && machine.owner !== project) {
    return `It is connected. Its tunnels are not shown to this token: the machine does not belong to project ${project}.`;
  }
  return "It is connected. Its tunnels are told in a moment.";
}

const Ports = ({ machine }: { machine: Machine }) => (
  <ul class="ports">
    {(machine.listening ?? []).map((port) => (
      <li key={port.port}>
        <b>{port.port}</b> {port.process ?? ""} <span class="tag">{port.public ? "public" : "guarded"}</span>
      </li>
    ))}
  </ul>
);

const MOST_URLS = 12;

const Urls = ({ urls }: { urls: string[] }) => (
  <>
    <ul class="urls">
      {urls.slice(0, MOST_URLS).map((url) => <li key={url}><a href={url} target="_blank" rel="noreferrer">{url}</a></li>)}
    </ul>
    {urls.length > MOST_URLS && <p class="note">and {urls.length - MOST_URLS} more, by its routes</p>}
  </>
);

export function MachineView({ id, who, query: list }: { id: string; who: Who; query: Record<string, string> }) {
  const path = `/v1/machines/${encodeURIComponent(id)}`;
  const { value, problem } = usePoll(id, LOOK_MS, async (signal) => {
    const [machine, tunnels] = await Promise.all([
      get<Machine>(path, signal), get<Page<Tunnel>>(`/v1/tunnels${query({ machine: id, limit: 100 })}`, signal),
    ]);
    return { machine, tunnels: tunnels.items };
  });
  const events = useEvents(id);
  useShortcuts([{ keys: "Escape", what: "back to the list", run: () => go("machines", "", list) }]);
  const machine = value?.machine;
  return (
    <main>
      <div class="tools">
        <h1><a href={link("machines", "", list)}>Machines</a> / {id}</h1>
        {machine && <Dot kind={machine.connected ? "good" : "bad"} label={machine.connected ? "connected" : "not connected"} />}
        <a class="button" href={link("exchanges", "", { machine: id })}>Exchanges</a>
      </div>
      <Failure text={problem} />
      {machine && value && (
        <>
          <Facts rows={[
            ["State", machine.state], ["Owner", machine.owner ?? "—"], ["Default port", machine.defaultPort],
            ["Made", moment(machine.createdAt)], ["Ends", moment(machine.expiresAt)],
            ["Last request", machine.activity?.lastRequestAt ? `${ago(machine.activity.lastRequestAt)} ago` : "—"],
            ["Open exchanges", machine.activity?.openExchanges ?? "—"],
          ]} />
          <h2>URLs</h2>
          <Urls urls={machine.urls} />
          <h2>Tunnels</h2>
          {value.tunnels.length ? <Tunnels tunnels={value.tunnels} writes={mayWrite(who)} /> : <Empty>{whyNone(machine, projectOf(who))}</Empty>}
          <h2>Ports that listen</h2>
          {machine.listening?.length ? <Ports machine={machine} /> : <Empty>{machine.listening ? "None." : "Its agent has not told."}</Empty>}
          <h2>Policy</h2>
          <Json value={machine.policy} />
        </>
      )}
      <h2>Events</h2>
      <ol class="log">
        {events.map((event) => (
          <li key={event.id}>
            <time title={event.at}>{clock(event.at)}</time> <b>{event.type}</b>{" "}
            <code>{JSON.stringify(event.data)}</code>
          </li>
        ))}
      </ol>
    </main>
  );
}
