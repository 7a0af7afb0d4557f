// What the overview shows, read from the broker's own counters (/metrics, Prometheus' text format).
export interface Sample {
  at: number; // seconds, of the browser's clock
  requests: number;
  byClass: number[]; // 2xx, 3xx, 4xx, 5xx, and those that ended without an answer
  errors: number;
  buckets: [seconds: number, count: number][]; // cumulative
  hops: Record<string, { sum: number; count: number }>;
  bytesIn: number;
  bytesOut: number;
  open: number;
  parked: number;
  clients: number;
  machines: number;
  tunnels: number;
  resident: number;
  cpu: number;
}

const LINE = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)$/;

const labelsOf = (text: string | undefined): Record<string, string> =>
  Object.fromEntries([...(text ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((found) => [found[1]!, found[2]!]));

const CLASSES = ["2xx", "3xx", "4xx", "5xx", "none"];
const GAUGES: Record<string, keyof Sample> = {
  ingress_requests_open: "open", ingress_requests_parked: "parked", ingress_machines_connected: "machines",
  ingress_tunnels: "tunnels", process_resident_memory_bytes: "resident", process_cpu_seconds_total: "cpu",
  ingress_client_connections: "clients",
};

export function readMetrics(text: string, at: number): Sample {
  const sample: Sample = {
    at, requests: 0, byClass: CLASSES.map(() => 0), errors: 0, buckets: [], hops: {}, bytesIn: 0, bytesOut: 0, open: 0,
    parked: 0, clients: 0, machines: 0, tunnels: 0, resident: 0, cpu: 0,
  };
  const buckets = new Map<number, number>();
  for (const line of text.split("\n")) {
    const found = LINE.exec(line);
    if (!found) continue;
    const name = found[1]!;
    const labels = labelsOf(found[2]);
    const value = Number(found[3]);
    if (name === "ingress_requests_total") {
      sample.requests += value;
      const place = CLASSES.indexOf(labels.status_class!);
      if (place >= 0) sample.byClass[place]! += value;
    } else if (name === "ingress_request_errors_total") {
      sample.errors += value;
    } else if (name === "ingress_request_duration_seconds_bucket") {
      const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
      buckets.set(bound, (buckets.get(bound) ?? 0) + value);
    } else if (name.startsWith("ingress_request_hop_duration_seconds_")) {
      const hop = (sample.hops[labels.hop!] ??= { sum: 0, count: 0 });
      if (name.endsWith("_sum")) hop.sum += value;
      if (name.endsWith("_count")) hop.count += value;
    } else if (name === "ingress_body_bytes_total") {
      if (labels.direction === "in") sample.bytesIn += value;
      else sample.bytesOut += value;
    } else if (name in GAUGES) {
      (sample[GAUGES[name]!] as number) += value;
    }
  }
  sample.buckets = [...buckets].sort((a, b) => a[0] - b[0]);
  return sample;
}

// Between two samples, a second.
export interface Rates {
  at: number;
  requests: number;
  errors: number; // 5xx
  refused: number; // 4xx
  bytesIn: number;
  bytesOut: number;
  cpu: number;
  p50: number | null; // ms
  p99: number | null;
}

// The bound under which a part of the answers between two samples were, in ms, interpolated in its bucket.
export function quantile(before: Sample, after: Sample, part: number): number | null {
  const counts = after.buckets.map(([, value], at) => value - (before.buckets[at]?.[1] ?? 0));
  const all = counts.at(-1) ?? 0;
  if (all <= 0) return null;
  const rank = part * all;
  const place = counts.findIndex((value) => value >= rank);
  const [upper] = after.buckets[place]!;
  const lower = place > 0 ? after.buckets[place - 1]![0] : 0;
  if (!Number.isFinite(upper)) return lower * 1000;
  const under = place > 0 ? counts[place - 1]! : 0;
  const inside = counts[place]! - under;
  return 1000 * (lower + ((upper - lower) * (rank - under)) / Math.max(inside, 1));
}

export function ratesOf(before: Sample, after: Sample): Rates | undefined {
  const seconds = after.at - before.at;
  // Counts of another process begin anew.
  if (seconds <= 0 || after.requests < before.requests || after.cpu < before.cpu) return undefined;
  const rate = (read: (sample: Sample) => number) => (read(after) - read(before)) / seconds;
  return {
    at: after.at, requests: rate((sample) => sample.requests), errors: rate((sample) => sample.byClass[3]!),
    refused: rate((sample) => sample.byClass[2]!), bytesIn: rate((sample) => sample.bytesIn),
    bytesOut: rate((sample) => sample.bytesOut), cpu: rate((sample) => sample.cpu),
    p50: quantile(before, after, 0.5), p99: quantile(before, after, 0.99),
  };
}
