import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, getText } from "./api";
import { bytes, count, duration, rate } from "./format";
import { usePoll } from "./live";
import { type Rates, ratesOf, readMetrics, type Sample } from "./metrics";
import { Failure, MachineLink } from "./parts";
import { type Line, Plot } from "./plot";
import type { Page } from "./types";

const LOOK_MS = 2000;
const MOST_POINTS = 900; // half an hour
const BUSIEST = 12;

interface Traffic {
  machine: string;
  requests: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
  open: number;
}

interface Look {
  sample: Sample;
  traffic: Map<string, Traffic>;
  at: number; // ms, the broker's monotonic clock
}

async function look(signal: AbortSignal): Promise<Look> {
  const [text, traffic] = await Promise.all([
    getText("/metrics", signal), get<Page<Traffic> & { at: number }>("/v1/traffic?limit=1000", signal),
  ]);
  const rows = new Map(traffic.items.map((row) => [row.machine, row]));
  return { sample: readMetrics(text, Date.now() / 1000), traffic: rows, at: traffic.at };
}

const REQUESTS: Line[] = [{ name: "requests/s", colour: "--accent", fill: true }];
const ERRORS: Line[] = [{ name: "5xx/s", colour: "--bad", fill: true }, { name: "4xx/s", colour: "--warn" }];
const LATENCY: Line[] = [{ name: "P50", colour: "--accent" }, { name: "P99", colour: "--violet" }];

const Tile = ({ name, value, more }: { name: string; value: string; more?: string }) => (
  <div class="tile"><dt>{name}</dt><dd>{value}{more && <small>{more}</small>}</dd></div>
);

function Tiles({ sample, rates }: { sample: Sample; rates: Rates | undefined }) {
  return (
    <dl class="tiles">
      <Tile name="machines" value={count(sample.machines)} more={`${count(sample.tunnels)} tunnel${sample.tunnels === 1 ? "" : "s"}`} />
      <Tile name="requests" value={rates ? `${rate(rates.requests)}/s` : "—"} more={`${count(sample.open)} open`} />
      <Tile name="waiting" value={count(sample.parked)} more="for their machine" />
      <Tile name="clients" value={count(sample.clients)} more="connections" />
      <Tile name="out" value={rates ? `${bytes(rates.bytesOut)}/s` : "—"} more={rates ? `in ${bytes(rates.bytesIn)}/s` : ""} />
      <Tile name="broker" value={rates ? `${Math.round(rates.cpu * 100)}% cpu` : "—"} more={bytes(sample.resident)} />
    </dl>
  );
}

interface Busy {
  row: Traffic;
  requests: number;
  errors: number;
  out: number;
}

function busiest(before: Look | undefined, now: Look): Busy[] {
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const rows = [...now.traffic.values()].map((row): Busy => {
    const last = before?.traffic.get(row.machine);
    const per = (read: (each: Traffic) => number) => (last && seconds > 0 ? Math.max(0, read(row) - read(last)) / seconds : 0);
    return { row, requests: per((each) => each.requests), errors: per((each) => each.errors), out: per((each) => each.bytesOut) };
  });
  return rows.sort((a, b) => b.requests - a.requests || b.row.requests - a.row.requests).slice(0, BUSIEST);
}

const BusiestTable = ({ rows }: { rows: Busy[] }) => (
  <table class="rows">
    <thead><tr><th>machine</th><th class="num">req/s</th><th class="num">err/s</th><th class="num">out</th><th class="num">open</th>
      <th class="num">requests</th></tr></thead>
    <tbody>
      {rows.map(({ row, requests, errors, out }) => (
        <tr key={row.machine}>
          <td class="key clip"><MachineLink id={row.machine} /></td>
          <td class="num">{rate(requests)}</td>
          <td class={`num ${errors > 0 ? "bad" : ""}`}>{rate(errors)}</td>
          <td class="num">{bytes(out)}/s</td>
          <td class="num">{count(row.open)}</td>
          <td class="num">{count(row.requests)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

export function Overview() {
  const { value, problem } = usePoll("overview", LOOK_MS, look);
  const before = useRef<Look | undefined>(undefined);
  const [points, setPoints] = useState<Rates[]>([]);
  const [rows, setRows] = useState<Busy[]>([]);
  useEffect(() => {
    if (!value) return;
    const rates = before.current && ratesOf(before.current.sample, value.sample);
    if (rates) setPoints((last) => [...last, rates].slice(-MOST_POINTS));
    setRows(busiest(before.current, value));
    before.current = value;
  }, [value]);
  const column = (read: (rates: Rates) => number | null) => points.map(read);
  const at = useMemo(() => points.map((rates) => rates.at), [points]);
  const requests = useMemo(() => [at, column((rates) => rates.requests)] as never, [at]);
  const errors = useMemo(() => [at, column((rates) => rates.errors), column((rates) => rates.refused)] as never, [at]);
  const latency = useMemo(() => [at, column((rates) => rates.p50), column((rates) => rates.p99)] as never, [at]);
  return (
    <main>
      <h1 class="unseen">Overview</h1>
      <Failure text={problem} />
      {value && <Tiles sample={value.sample} rates={points.at(-1)} />}
      <div class="plots">
        <Plot title="Requests" lines={REQUESTS} data={requests} show={rate} />
        <Plot title="Errors" lines={ERRORS} data={errors} show={rate} />
        <Plot title="Latency" lines={LATENCY} data={latency} show={duration} />
      </div>
      <h2>Busiest machines</h2>
      <div class="scroll"><BusiestTable rows={rows} /></div>
    </main>
  );
}
