import { useEffect, useRef, useState } from "preact/hooks";
import { get, query } from "./api";
import { count, moment } from "./format";
import { useSelectedInView, useShortcuts } from "./keys";
import { usePoll } from "./live";
import { Empty, Facts, Failure, Json, MachineLink, Search } from "./parts";
import type { Page, Route, Target } from "./types";
import { go, link, useSearch, type Way } from "./way";

const PAGE = 50;
const LOOK_MS = 2500;
// The broker looks at a bounded number of rows a request, and says where to go on.
const MOST_LOOKS = 400;

interface Found {
  rows: Route[];
  next: string | null;
  looks: number;
  problem: string;
  busy: boolean;
}

const NOTHING: Found = { rows: [], next: null, looks: 0, problem: "", busy: true };

// Asks page behind page until `PAGE` more rows are found, or all was looked at.
async function find(q: string, from: Found, signal: AbortSignal, onFound: (found: Found) => void): Promise<void> {
  let found = { ...from, busy: true };
  const want = from.rows.length + PAGE;
  try {
    do {
      const page = await get<Page<Route>>(
        `/v1/routes${query({ q, limit: want - found.rows.length, cursor: found.next ?? "" })}`, signal);
      found = { ...found, rows: [...found.rows, ...page.items], next: page.next, looks: found.looks + 1, problem: "" };
      if (!signal.aborted) onFound(found);
    } while (!signal.aborted && found.next !== null && found.rows.length < want && found.looks < MOST_LOOKS);
    found = { ...found, busy: false };
  } catch (error) {
    found = { ...found, busy: false, problem: (error as Error).message };
  }
  if (!signal.aborted) onFound(found);
}

const TargetText = ({ target }: { target: Target }) => (
  <>
    {target.machine && <MachineLink id={target.machine} />}
    {target.project && <span>project {target.project}</span>}
    {target.service && <span> / {target.service}</span>}
    {target.port ? `:${target.port}` : ""}
  </>
);

function RouteView({ id, query: list }: { id: string; query: Record<string, string> }) {
  const { value: route, problem } = usePoll(id, LOOK_MS, (signal) => get<Route>(`/v1/routes/${encodeURIComponent(id)}`, signal));
  useShortcuts([{ keys: "Escape", what: "back to the list", run: () => go("routes", "", list) }]);
  return (
    <main>
      <div class="tools"><h1><a href={link("routes", "", list)}>Routes</a> / {id}</h1></div>
      <Failure text={problem} />
      {route && (
        <>
          <Facts rows={[
            ["Owner", route.owner ?? "—"], ["External id", route.externalId ?? "—"], ["Made", moment(route.createdAt)],
            ["Ends", moment(route.expiresAt)],
          ]} />
          {route.patterns.map((pattern) => (
            <section key={pattern.pattern}>
              <h2>{pattern.pattern} → <TargetText target={pattern.target} /></h2>
              <Json value={pattern.policy} />
            </section>
          ))}
          <h2>Metadata</h2>
          <Json value={route.metadata} />
        </>
      )}
    </main>
  );
}

export function Routes({ way }: { way: Way }) {
  const { typed, setTyped, q, query: list } = useSearch("routes", way);
  const [found, setFound] = useState<Found>(NOTHING);
  const [at, setAt] = useState(-1);
  const stop = useRef(new AbortController());
  const more = (from: Found) => void find(q, { ...from, looks: 0 }, stop.current.signal, setFound);
  useEffect(() => {
    stop.current = new AbortController();
    setFound(NOTHING);
    setAt(-1);
    more(NOTHING);
    return () => stop.current.abort();
  }, [q]);
  useEffect(() => {
    if (!found.problem) return;
    const timer = setTimeout(() => more(found), LOOK_MS);
    return () => clearTimeout(timer);
  }, [found]);
  const move = (by: number) => setAt((last) => Math.max(0, Math.min(found.rows.length - 1, last + by)));
  useShortcuts(way.item ? [] : [
    { keys: "j, ArrowDown", what: "next row", run: () => move(1) },
    { keys: "k, ArrowUp", what: "row before", run: () => move(-1) },
    { keys: "Enter", what: "open the row", run: () => found.rows[at] && go("routes", found.rows[at].id, list) },
  ]);
  useSelectedInView(way.item || at);
  if (way.item) return <RouteView id={way.item} query={list} />;
  return (
    <main>
      <div class="tools">
        <h1>Routes</h1>
        <Search value={typed} onInput={setTyped} label="host, path, id or external id…" />
        <span class="note" role="status">
          {found.busy ? "looking…" : `${count(found.rows.length)}${found.next ? "+" : ""}`}
        </span>
      </div>
      <Failure text={found.problem} />
      <div class="scroll">
        <table class="rows" id="routes">
          <thead><tr><th>pattern</th><th>target</th><th class="wide">owner</th><th class="wide">external id</th><th class="wide">route</th></tr></thead>
          <tbody>
            {found.rows.map((route, index) => (
              <tr key={route.id} class={index === at ? "selected" : ""} aria-selected={index === at} onClick={() => go("routes", route.id, list)}>
                <td class="key clip">
                  <a href={link("routes", route.id, list)}>{route.patterns[0]?.pattern ?? route.id}</a>
                  {route.patterns.length > 1 && <span class="tag">+{route.patterns.length - 1}</span>}
                </td>
                <td>{route.patterns[0] && <TargetText target={route.patterns[0].target} />}</td>
                <td class="wide">{route.owner ?? "—"}</td>
                <td class="wide clip">{route.externalId ?? "—"}</td>
                <td class="wide clip">{route.id}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!found.busy && found.rows.length === 0 && !found.problem && (
        <Empty>{q ? `No route has “${q}” in it.` : "No route yet: ingressctl route create"}</Empty>
      )}
      {!found.busy && found.next && <button class="more" onClick={() => more(found)}>More</button>}
    </main>
  );
}
