import { useEffect, useRef, useState } from "preact/hooks";
import { projectOf, type Who } from "./api";
import { ExchangeView, HopBar, lasted } from "./exchange";
import { ExchangeFeed } from "./exchange_feed";
import { KEPT, type Kept } from "./exchange_rows";
import { type Filter, wrongIn } from "./filter";
import { clock, count } from "./format";
import { useSelectedInView, useShortcuts } from "./keys";
import { useRedraw, useSettled } from "./live";
import { Dot, Empty, Failure, Search, Status } from "./parts";
import type { Ring } from "./ring";
import type { Way } from "./way";

const SHOWN = 200;
const DRAW_MS = 120;
const FIELDS: [keyof Filter, string][] = [["host", "host or *.name"], ["machine", "machine"], ["status", "404 or 5xx"], ["method", "method"]];

function shownOf(ring: Ring<Kept>, text: string): Kept[] {
  const rows: Kept[] = [];
  for (let back = 0; back < ring.size && rows.length < SHOWN; ++back) {
    const kept = ring.newest(back)!;
    const { host, target, method } = kept.exchange;
    if (!text || `${method} ${host}${target}`.toLowerCase().includes(text)) rows.push(kept);
  }
  return rows;
}

const Row = ({ kept, selected, onPick }: { kept: Kept; selected: boolean; onPick: (kept: Kept) => void }) => {
  const exchange = kept.exchange;
  return (
    <tr class={selected ? "selected" : ""} aria-selected={selected} onClick={() => onPick(kept)}>
      <td class="num">{clock(exchange.time)}</td>
      <td><Status status={exchange.status} open={exchange.open} /></td>
      <td>{exchange.method}</td>
      <td class="key clip"><button class="link" onClick={() => onPick(kept)}>{exchange.host}</button></td>
      <td class="clip path">{exchange.target}</td>
      <td class="wide clip">{exchange.machine || exchange.error || "—"}</td>
      <td class="num">{lasted(exchange)}</td>
      <td class="wide"><HopBar exchange={exchange} /></td>
    </tr>
  );
};

export function Exchanges({ who, way }: { who: Who; way: Way }) {
  const redraw = useRedraw(DRAW_MS);
  const feed = useRef<ExchangeFeed>(null as never); // made by the first drawing
  if (!feed.current) feed.current = new ExchangeFeed(redraw);
  const [filter, setFilter] = useState<Filter>({
    host: way.query.get("host") ?? "", machine: way.query.get("machine") ?? "", status: "", method: "",
  });
  const [text, setText] = useState("");
  const [picked, setPicked] = useState<Kept | undefined>(undefined); // itself: it outlives its row
  const settled = useSettled(filter, 300);
  const wrong = Object.values(wrongIn(settled)).join("; ");
  const clear = () => {
    feed.current.clear();
    setPicked(undefined);
  };
  useEffect(() => {
    clear();
    if (wrong) return;
    feed.current.listen({ ...settled, method: settled.method.toUpperCase() });
    return () => feed.current.close();
  }, [settled]);
  const ring = feed.current.rows.ring;
  const rows = shownOf(ring, text.toLowerCase());
  const at = picked ? rows.indexOf(picked) : -1;
  const move = (by: number) => setPicked(rows[Math.max(0, Math.min(rows.length - 1, (at < 0 ? -by : at) + by))]);
  const pause = () => {
    feed.current.paused = !feed.current.paused;
    redraw();
  };
  useSelectedInView(picked?.seq);
  useShortcuts([
    { keys: "j, ArrowDown", what: "next row", run: () => move(1) },
    { keys: "k, ArrowUp", what: "row before", run: () => move(-1) },
    { keys: " ", what: "pause, go on", run: pause },
    { keys: "x", what: "clear the list", run: clear },
    { keys: "Escape", what: "close the exchange", run: () => setPicked(undefined) },
  ]);
  const { state, reason, paused, lost, gap } = feed.current;
  const dot = wrong ? { kind: "bad", label: "not followed" } as const
    : paused ? { kind: "idle", label: "paused" } as const : { kind: state === "live" ? "good" : "warn", label: state } as const;
  const invalid = wrongIn(filter);
  return (
    <main class={picked ? "split" : ""}>
      <section>
        <div class="tools">
          <h1>Exchanges</h1>
          <Dot {...dot} />
          <Search value={text} onInput={setText} label="in method, host and path…" />
          <button onClick={pause} aria-pressed={paused}>{paused ? "Go on" : "Pause"}</button>
          <button onClick={clear}>Clear</button>
        </div>
        <div class="filters">
          {FIELDS.map(([name, hint]) => (
            <label key={name}>
              {name}
              <input name={name} value={filter[name]} placeholder={hint} spellcheck={false} autocomplete="off"
                aria-invalid={name in invalid}
                onInput={(event) => setFilter({ ...filter, [name]: event.currentTarget.value.trim() })} />
            </label>
          ))}
          <span class="note" role="status">
            {count(ring.total)} came{ring.total > KEPT && `, the last ${count(KEPT)} are kept`}{lost > 0 && `, ${count(lost)} lost`}
            {gap && ", none from while the page was hidden or not connected"}
          </span>
        </div>
        <Failure text={wrong ? `Nothing is followed: ${wrong}.` : reason} />
        {projectOf(who) && <p class="note">Those that came by a name of project {projectOf(who)}.</p>}
        <div class="scroll">
          <table class="rows fixed" id="exchanges">
            <thead>
              <tr><th class="num c-time">ended</th><th class="c-status">status</th><th class="c-method">method</th><th>host</th><th class="path">path</th>
                <th class="wide c-machine">machine</th><th class="num c-ms">time</th><th class="wide c-hops">policy · tunnel · origin · body</th></tr>
            </thead>
            <tbody>
              {rows.map((kept) => <Row key={kept.seq} kept={kept} selected={kept === picked} onPick={setPicked} />)}
            </tbody>
          </table>
        </div>
        {rows.length === 0 && !wrong && <Empty>{ring.size ? "None of those that are kept." : "Waiting for exchanges…"}</Empty>}
      </section>
      {picked && <ExchangeView exchange={picked.exchange} onClose={() => setPicked(undefined)} />}
    </main>
  );
}
