// Which machines have the most requests a second, by two looks at what each had.
export interface Traffic {
  machine: string;
  requests: number;
  errors: number;
  bytesOut: number;
  open: number;
  at: number; // of these counts: ms, the broker's monotonic clock
}

export type TrafficOf = ReadonlyMap<string, Traffic>; // by machine

export interface Busy {
  row: Traffic;
  requests: number;
  errors: number;
  out: number;
}

export function busiest(before: TrafficOf | undefined, now: TrafficOf, most: number): Busy[] {
  const rows = [...now.values()].map((row): Busy => {
    const last = before?.get(row.machine);
    const seconds = last ? (row.at - last.at) / 1000 : 0;
    const per = (read: (each: Traffic) => number) => (last && seconds > 0 ? Math.max(0, read(row) - read(last)) / seconds : 0);
    return { row, requests: per((each) => each.requests), errors: per((each) => each.errors), out: per((each) => each.bytesOut) };
  });
  return rows.sort((a, b) => b.requests - a.requests || b.row.requests - a.row.requests).slice(0, most);
}
