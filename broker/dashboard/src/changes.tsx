import { useEffect, useRef, useState } from "preact/hooks";
import { get, mayWrite, post, query, type Who } from "./api";
import { follow, type StreamState } from "./events";
import { clock, moment } from "./format";
import { oneAtATime } from "./one_at_a_time";
import { Dot, Empty, Failure, Search, Sure } from "./parts";
import type { Change } from "./types";

const PAGE = 100;
const MOST = 1000;
const LOOK_MS = 2000;

interface Pages {
  items: Change[];
  next: number;
}

// What a change changed, member by member.
export function differences(change: Change): [name: string, before: string, after: string][] {
  const before = change.before ?? {};
  const after = change.after ?? {};
  const text = (value: unknown) => (value === undefined ? "" : JSON.stringify(value));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name): [string, string, string] => [name, text(before[name]), text(after[name])])
    .filter(([, a, b]) => a !== b);
}

const Differences = ({ change }: { change: Change }) => (
  <table class="fields">
    <tbody>
      {differences(change).map(([name, before, after]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td>{before && <del>{before}</del>} {after && <ins>{after}</ins>}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

const Row = ({ change, writes }: { change: Change; writes: boolean }) => (
  <li>
    <details>
      <summary>
        <span class="num rev">{change.revision}</span>
        <time title={moment(change.at)}>{clock(change.at)}</time>
        <b>{change.operation}</b>
        <span class="subject clip">{change.subject}</span>
        <span class="note">{change.actor}</span>
      </summary>
      <Differences change={change} />
      {writes && <Sure what="Undo" run={() => post(`/v1/changes/${change.revision}/undo`)} />}
    </details>
  </li>
);

export function Changes({ who }: { who: Who }) {
  const [rows, setRows] = useState<Change[]>([]);
  const before = useRef(Number.MAX_SAFE_INTEGER); // where the next page of older ones begins
  const [state, setState] = useState<StreamState>("connecting");
  const [problem, setProblem] = useState("");
  const [text, setText] = useState("");
  const [whole, setWhole] = useState(false);
  const older = async () => {
    const page = await get<Pages>(`/v1/changes${query({ before: before.current, limit: PAGE })}`);
    before.current = page.next;
    setRows((last) => [...last, ...page.items].slice(0, MOST));
    setWhole(page.items.length < PAGE);
    return page.items[0]?.revision ?? 0;
  };
  useEffect(() => {
    let stop = () => {};
    let gone = false;
    let timer = 0;
    const begin = () => older().then((head) => {
      if (gone) return;
      stop = follow(`/v1/changes${query({ since: head })}`, {
        onEvent: (event) => {
          const change = JSON.parse(event.data) as Change;
          setRows((last) => [change, ...last].slice(0, MOST));
        },
        onState: (next, reason) => (setState(next), setProblem(reason)),
      });
    }, (error: Error) => {
      setProblem(error.message);
      if (!gone) timer = window.setTimeout(begin, LOOK_MS);
    });
    void begin();
    return () => {
      gone = true;
      clearTimeout(timer);
      stop();
    };
  }, []);
  const wanted = text.toLowerCase();
  const shown = wanted ? rows.filter((row) => JSON.stringify(row).toLowerCase().includes(wanted)) : rows;
  const more = useRef(oneAtATime(() => older().then(() => {}, (error: Error) => setProblem(error.message)))).current;
  return (
    <main>
      <div class="tools">
        <h1>Changes</h1>
        <Dot kind={state === "live" ? "good" : "warn"} label={state} />
        <Search value={text} onInput={setText} label="in those that are shown…" />
      </div>
      <Failure text={problem} />
      <ol class="changes" id="changes">
        {shown.map((change) => <Row key={change.revision} change={change} writes={mayWrite(who)} />)}
      </ol>
      {shown.length === 0 && !problem && <Empty>{state === "live" ? "None." : "Loading…"}</Empty>}
      {!whole && rows.length > 0 && rows.length < MOST && <button class="more" onClick={more}>Older</button>}
    </main>
  );
}
