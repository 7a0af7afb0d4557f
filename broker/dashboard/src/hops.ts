// When an exchange came past each hop.
export interface HopTimes {
  ms: number;
  policy_ms?: number;
  tunnel_ms?: number;
  first_byte_ms?: number;
}

export interface Hop {
  name: string;
  from: number;
  to: number;
}

// Times count from the head on; one that is left out was not reached: the rest of the time went there.
export function hopsOf(times: HopTimes): Hop[] {
  const marks: [string, number | undefined][] = [
    ["policy", times.policy_ms], ["tunnel", times.tunnel_ms], ["origin", times.first_byte_ms], ["body", times.ms],
  ];
  const hops: Hop[] = [];
  let from = 0;
  for (const [name, to] of marks) {
    hops.push({ name: times.policy_ms === undefined ? "broker" : name, from, to: to ?? times.ms });
    if (to === undefined) break;
    from = to;
  }
  return hops;
}
