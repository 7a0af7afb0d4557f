import { useEffect, useRef, useState } from "preact/hooks";
import { projectOf, type Who } from "./api";
import { ExchangeView, HopBar } from "./exchange";
import { ExchangeFeed, KEPT, type Kept } from "./exchange_feed";
import { type Filter, wrongIn } from "./filter";
import { clock, count, duration } from "./format";
import { useSelectedInView, useShortcuts } from "./keys";
import { useRedraw, useSettled } from "./live";
import { Dot, Empty, Failure, Search, Status } from "./parts";
import type { Way } from "./way";

const SHOWN = 200;
const DRAW_MS = 120;
const FIELDS: [keyof Filter, string][] = [["host", "host or *.name"], ["machine", "machine"], ["status", "404 or 5xx"], ["method", "method"]];

function shownOf(feed: ExchangeFeed, text: string): Kept[] {
  const rows: Kept[] = [];
  for (let back = 0; back < feed.ring.size && rows.length < SHOWN; ++back) {
    const kept = feed.ring.newest(back)!;
    const { host, target, method } = kept.exchange;
    if (!text || `${method} ${host}${target}`.toLowerCase().includes(text)) rows.push(kept);
  }
  return rows;
}

const Row = ({ kept, selected, onPick }: { kept: Kept; selected: boolean; onPick: (seq: number) => void }) => {
  const exchange = kept.exchange;
  return (
    <tr class={selected ? "selected" : ""} aria-selected={selected} onClick={() => onPick(kept.seq)}>
      <td class="num">{clock(exchange.time)}</td>
      <td><Status status={exchange.status} open={exchange.open} /></td>
      <td>{exchange.method}</td>
      <td class="key clip"><button class="link" onClick={() => onPick(kept.seq)}>{exchange.host}</button></td>
      <td class="clip path">{exchange.target}</td>
      <td class="wide clip">{exchange.machine || exchange.error || "—"}</td>
      <td class="num">{duration(exchange.ms)}</td>
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
  const [picked, setPicked] = useState(0);
  const settled = useSettled(filter, 300);
  const wrong = Object.values(wrongIn(settled)).join("; ");
  useEffect(() => {
    feed.current.clear();
    if (wrong) return;
    feed.current.listen({ ...settled, method: settled.method.toUpperCase() });
    return () => feed.current.close();
  }, [settled]);
  const rows = shownOf(feed.current, text.toLowerCase());
  const at = rows.findIndex((kept) => kept.seq === picked);
  const move = (by: number) => setPicked(rows[Math.max(0, Math.min(rows.length - 1, (at < 0 ? -by : at) + by))]?.seq ?? 0);
  const pause = () => {
    feed.current.paused = !feed.current.paused;
    redraw();
  };
  useSelectedInView(picked);
  useShortcuts([
    { keys: "j, ArrowDown", what: "next row", run: () => move(1) },
    { keys: "k, ArrowUp", what: "row before", run: () => move(-1) },
    { keys: " ", what: "pause, go on", run: pause },
    { keys: "x", what: "clear the list", run: () => feed.current.clear() },
    { keys: "Escape", what: "close the exchange", run: () => setPicked(0) },
  ]);
  const { state, reason, paused, lost, ring } = feed.current;
  const dot = wrong ? { kind: "bad", label: "not followed" } as const
    : paused ? { kind: "idle", label: "paused" } as const : { kind: state === "live" ? "good" : "warn", label: state } as const;
  const invalid = wrongIn(filter);
  const selected = at >= 0 ? rows[at]!.exchange : undefined;
  return (
    <main class={selected ? "split" : ""}>
      <section>
        <div class="tools">
          <h1>Exchanges</h1>
          <Dot {...dot} />
          <Search value={text} onInput={setText} label="in method, host and path…" />
          <button onClick={pause} aria-pressed={paused}>{paused ? "Go on" : "Pause"}</button>
          <button onClick={() => feed.current.clear()}>Clear</button>
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
              {rows.map((kept) => <Row key={kept.seq} kept={kept} selected={kept.seq === picked} onPick={setPicked} />)}
            </tbody>
          </table>
        </div>
        {rows.length === 0 && !wrong && <Empty>{ring.size ? "None of those that are kept." : "Waiting for exchanges…"}</Empty>}
      </section>
      {selected && <ExchangeView exchange={selected} onClose={() => setPicked(0)} />}
    </main>
  );
}
