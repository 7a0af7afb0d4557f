import { useMemo, useRef } from "preact/hooks";
import { get, getText, query } from "./api";
import { busiest, type Busy, type Traffic, type TrafficOf } from "./busiest";
import { bytes, count, duration, rate } from "./format";
import { type History, type Rates, ratesOf, type Step } from "./history";
import { usePoll } from "./live";
import { readPages } from "./pages";
import { Failure, MachineLink } from "./parts";
import { type Line, Plot } from "./plot";
import type { Page } from "./types";

const LOOK_MS = 2500;
const MOST_STEPS = 720; // an hour
const BUSIEST = 12;

interface Look {
  steps: Step[];
  rates: Rates[];
  rows: Busy[];
  traffic: TrafficOf;
  whole: boolean; // the traffic is of all machines
  resident: number;
}

const residentIn = (metrics: string) => Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1] ?? 0);

async function lookAtTraffic(signal: AbortSignal): Promise<{ traffic: TrafficOf; whole: boolean }> {
  const read = (cursor: string) => get<Page<Omit<Traffic, "at">> & { at: number }>(`/v1/traffic${query({ limit: 1000, cursor })}`, signal);
  const { pages, whole } = await readPages(read);
  const rows = pages.flatMap((page) => page.items.map((row): [string, Traffic] => [row.machine, { ...row, at: page.at }]));
  return { traffic: new Map(rows), whole };
}

async function look(before: Look | undefined, signal: AbortSignal): Promise<Look> {
  const [history, { traffic, whole }, metrics] = await Promise.all([
    get<History>(`/v1/history${query({ since: before?.steps.at(-1)?.at })}`, signal),
    lookAtTraffic(signal),
    getText("/metrics", signal),
  ]);
  const fresh = history.items.map((step) => ratesOf(step, history.firstByteBoundsMs));
  return {
    steps: [...(before?.steps ?? []), ...history.items].slice(-MOST_STEPS),
    rates: fresh.length ? [...(before?.rates ?? []), ...fresh].slice(-MOST_STEPS) : (before?.rates ?? []),
    rows: busiest(before?.traffic, traffic, BUSIEST), traffic, whole, resident: residentIn(metrics),
  };
}

const REQUESTS: Line[] = [{ name: "requests/s", colour: "--accent", fill: true }];
const ERRORS: Line[] = [{ name: "5xx/s", colour: "--bad", fill: true }, { name: "4xx/s", colour: "--warn" }];
const LATENCY: Line[] = [{ name: "P50", colour: "--accent" }, { name: "P99", colour: "--violet" }];

const Tile = ({ name, value, more }: { name: string; value: string; more?: string }) => (
  <div class="tile"><dt>{name}</dt><dd>{value}{more && <small>{more}</small>}</dd></div>
);

function Tiles({ step, rates, resident }: { step: Step; rates: Rates; resident: number }) {
  return (
    <dl class="tiles">
      <Tile name="machines" value={count(step.machines)} more={`${count(step.tunnels)} tunnel${step.tunnels === 1 ? "" : "s"}`} />
      <Tile name="requests" value={`${rate(rates.requests)}/s`} more={`${count(step.open)} open`} />
      <Tile name="waiting" value={count(step.parked)} more="for their machine" />
      <Tile name="clients" value={count(step.clients)} more="connections" />
      <Tile name="out" value={`${bytes(rates.bytesOut)}/s`} more={`in ${bytes(rates.bytesIn)}/s`} />
      <Tile name="broker" value={bytes(resident)} more="resident" />
    </dl>
  );
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
  const last = useRef<Look | undefined>(undefined);
  const { value, problem } = usePoll("overview", LOOK_MS, async (signal) => (last.current = await look(last.current, signal)));
  const rates = value?.rates ?? [];
  const columns = (...reads: ((rates: Rates) => number | null)[]) =>
    [rates.map((each) => each.at), ...reads.map((read) => rates.map(read))] as never;
  const requests = useMemo(() => columns((each) => each.requests), [rates]);
  const errors = useMemo(() => columns((each) => each.errors, (each) => each.refused), [rates]);
  const latency = useMemo(() => columns((each) => each.p50, (each) => each.p99), [rates]);
  const step = value?.steps.at(-1);
  return (
    <main>
      <h1 class="unseen">Overview</h1>
      <Failure text={problem} />
      {value && step && <Tiles step={step} rates={rates.at(-1)!} resident={value.resident} />}
      <div class="plots">
        <Plot title="Requests" lines={REQUESTS} data={requests} show={rate} />
        <Plot title="Errors" lines={ERRORS} data={errors} show={rate} />
        <Plot title="Latency" lines={LATENCY} data={latency} show={duration} />
      </div>
      <h2>Busiest machines</h2>
      {value && !value.whole && <p class="note">Of the first {count(value.traffic.size)} by their ids: there are more.</p>}
      <div class="scroll"><BusiestTable rows={value?.rows ?? []} /></div>
    </main>
  );
}
