// The exchanges that are kept, in a ring of bounded size. One that was told while it went on is the same row when it has
// ended.
import { Ring } from "./ring";
import type { Exchange } from "./types";

export const KEPT = 2000;

export interface Kept {
  seq: number;
  exchange: Exchange;
}

// Both tellings of an exchange say how long it had lasted by then: when it began is the same in both, but for
// milliseconds that were cut off. Its id is not: a request that waited for its machine has another one each time it is sent.
const NEAR_MS = 20;
const LASTING_MS = 1000; // what was over before was never told while it went on

const began = ({ time, ms }: Exchange) => Date.parse(time) - ms;

// How far two tellings are from being those of one exchange: Infinity where they are of two, below 0 where the id is the
// same, too. The id alone does where the broker's clock was set in between.
function apart(a: Exchange, b: Exchange): number {
  if (a.client !== b.client || a.host !== b.host || a.method !== b.method || a.target !== b.target) return Infinity;
  const sameId = !!a.request_id && a.request_id === b.request_id;
  const ms = Math.abs(began(a) - began(b));
  if (ms > NEAR_MS) return sameId ? NEAR_MS + 1 : Infinity;
  return sameId ? ms - NEAR_MS - 1 : ms;
}

export class ExchangeRows {
  readonly ring = new Ring<Kept>(KEPT);
  private seq = 0;

  // Where none is to be added (`still`), those that are there are kept up to date all the same.
  take(exchange: Exchange, open: boolean, still = false): void {
    exchange.open = open;
    const known = exchange.ms >= LASTING_MS ? this.openRowOf(exchange) : undefined;
    if (known) known.exchange = exchange;
    else if (!still) this.ring.push({ seq: ++this.seq, exchange });
  }

  // Events were missed. A later one tells what has become of these, where they have not ended by now.
  missed(): void {
    for (const { exchange } of this.openRows()) exchange.unsure = true;
  }

  private openRowOf(exchange: Exchange): Kept | undefined {
    let nearest = Infinity;
    let found: Kept | undefined;
    for (const kept of this.openRows()) {
      const far = apart(kept.exchange, exchange);
      // Two that go on are told as such once each, as long as none is missed: what looks like another one is.
      const other = exchange.open && !kept.exchange.unsure && far >= 0;
      if (other || far >= nearest) continue;
      nearest = far;
      found = kept;
    }
    return found;
  }

  private *openRows(): Generator<Kept> {
    for (let back = 0; back < this.ring.size; ++back) {
      const kept = this.ring.newest(back)!;
      if (kept.exchange.open) yield kept;
    }
  }
}
