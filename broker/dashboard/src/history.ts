// Steps of what was served (/v1/history), as rates and times to plot.
export interface Step {
  at: number; // its end, Unix milliseconds
  ms: number;
  requests: number[]; // without an answer, 1xx, 2xx, 3xx, 4xx, 5xx
  firstByteCounts: number[];
  bytesIn: number;
  bytesOut: number;
  open: number;
  parked: number;
  clients: number;
  machines: number;
  tunnels: number;
}

export interface History {
  items: Step[];
  stepMs: number;
  firstByteBoundsMs: number[];
}

export interface Rates {
  at: number; // Unix seconds
  requests: number; // a second
  errors: number; // 5xx
  refused: number; // 4xx
  bytesIn: number;
  bytesOut: number;
  p50: number | null; // ms
  p99: number | null;
}

// How long a part of the answers took at most to begin, in ms, interpolated in its bucket; null where there were none.
export function quantile(counts: number[], bounds: number[], part: number): number | null {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  const rank = part * all;
  let under = 0;
  for (const [place, count] of counts.entries()) {
    if (under + count >= rank) {
      const lower = bounds[place - 1] ?? 0;
      const upper = bounds[place] ?? lower;
      return lower + ((upper - lower) * (rank - under)) / count;
    }
    under += count;
  }
  return bounds.at(-1) ?? null;
}

export function ratesOf(step: Step, bounds: number[]): Rates {
  const rate = (count: number) => (count * 1000) / step.ms;
  return {
    at: step.at / 1000,
    requests: rate(step.requests.reduce((sum, count) => sum + count, 0)),
    errors: rate(step.requests[5] ?? 0),
    refused: rate(step.requests[4] ?? 0),
    bytesIn: rate(step.bytesIn),
    bytesOut: rate(step.bytesOut),
    p50: quantile(step.firstByteCounts, bounds, 0.5),
    p99: quantile(step.firstByteCounts, bounds, 0.99),
  };
}
