// Exchanges as they end, in a ring of bounded size, outside of what is drawn: however many come, the page draws a few
// times a second, and what is older than the ring is gone.
import { query } from "./api";
import { follow, type StreamState } from "./events";
import type { Filter } from "./filter";
import { Ring } from "./ring";
import type { Exchange } from "./types";

export const KEPT = 2000;

export interface Kept {
  seq: number;
  exchange: Exchange;
}

export class ExchangeFeed {
  readonly ring = new Ring<Kept>(KEPT);
  lost = 0;
  state: StreamState = "connecting";
  reason = "";
  paused = false;
  private stop = () => {};
  private seq = 0;

  constructor(private readonly onNews: () => void) {}

  listen(filter: Filter): void {
    this.stop();
    this.stop = follow(`/v1/exchanges${query({ ...filter, headers: 1 })}`, {
      onEvent: (event) => {
        if (event.type === "lost") this.lost += (JSON.parse(event.data) as { lost: number }).lost;
        else if (!this.paused) this.take(JSON.parse(event.data) as Exchange, event.type === "open");
        this.onNews();
      },
      onState: (state, reason) => {
        this.state = state;
        this.reason = reason;
        this.onNews();
      },
    });
  }

  close(): void {
    this.stop();
  }

  clear(): void {
    this.ring.clear();
    this.lost = 0;
    this.onNews();
  }

  // One that was told while it went on is the same one when it has ended.
  private take(exchange: Exchange, open: boolean): void {
    exchange.open = open;
    if (!open && exchange.ms >= 1000 && exchange.request_id) {
      for (let back = 0; back < this.ring.size; ++back) {
        const kept = this.ring.newest(back)!;
        if (kept.exchange.open && kept.exchange.request_id === exchange.request_id) {
          kept.exchange = exchange;
          return;
        }
      }
    }
    this.ring.push({ seq: ++this.seq, exchange });
  }
}
