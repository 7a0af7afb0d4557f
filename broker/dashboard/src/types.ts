// The API's rows, as far as they are shown (docs/openapi.json tells them whole).
export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Port {
  port: number;
  process: string | null;
  public: boolean;
}

export interface Activity {
  active: boolean;
  lastRequestAt: string | null;
  openExchanges: number;
}

export interface Machine {
  id: string;
  state: string;
  defaultPort: number;
  owner: string | null;
  createdAt: string;
  expiresAt: string | null;
  connected: boolean;
  activity: Activity | null;
  listening: Port[] | null;
  hosts: string[];
  urls: string[];
  policy: unknown;
  metadata: unknown;
}

export interface Tunnel {
  id: string;
  machine: string;
  instance: string;
  slot: number;
  loop: number;
  peer: string;
  agentVersion: string;
  connectedAt: string;
  streams: number;
  receivedBytes: number;
  sentBytes: number;
  roundTripMs: number;
  draining: boolean;
}

export interface Target {
  machine?: string;
  project?: string;
  service?: string;
  port?: number;
}

export interface Route {
  id: string;
  patterns: { pattern: string; target: Target; policy: unknown }[];
  externalId: string | null;
  metadata: unknown;
  createdAt: string;
  owner: string | null;
  expiresAt: string | null;
  urls?: string[];
}

export interface Change {
  revision: number;
  at: string;
  actor: string;
  operation: string;
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export type Field = [name: string, value: string];

export interface Exchange {
  time: string;
  client: string;
  protocol?: string;
  host: string;
  method: string;
  target: string;
  status: number;
  bytes: number;
  bytes_in: number;
  ms: number;
  policy_ms?: number;
  tunnel_ms?: number;
  first_byte_ms?: number;
  route_class: string;
  machine: string;
  port: number;
  project?: string;
  route?: string;
  trace_id?: string;
  request_id?: string;
  error?: string;
  request_fields?: Field[];
  response_fields?: Field[];
  open?: boolean; // it goes on
  unsure?: boolean; // it went on, and may have ended meanwhile
}

export interface WhyStep {
  step: string;
  state: "skipped" | "ok" | "warning" | "failed";
  detail: string;
  advice: string;
}

export interface Why {
  host: string;
  ok: boolean;
  target: { machine: string; port: number; project: string | null; service: string | null; route: string | null } | null;
  steps: WhyStep[];
  problem: { step: string; detail: string; advice: string } | null;
}
