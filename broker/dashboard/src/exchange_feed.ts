// Exchanges as they end, outside of what is drawn: however many come, the page draws a few times a second.
import { query } from "./api";
import { type Event, follow, type StreamState } from "./events";
import { ExchangeRows } from "./exchange_rows";
import type { Filter } from "./filter";
import type { Exchange } from "./types";

export class ExchangeFeed {
  readonly rows = new ExchangeRows();
  lost = 0;
  gap = false; // what came while there was no connection is not in it: these events have no id to go on from
  state: StreamState = "connecting";
  reason = "";
  paused = false;
  private stop = () => {};
  private wasLive = false;

  constructor(private readonly onNews: () => void) {}

  listen(filter: Filter): void {
    this.stop();
    this.wasLive = false;
    this.stop = follow(`/v1/exchanges${query({ ...filter, headers: 1 })}`, {
      onEvent: (event) => {
        this.take(event);
        this.onNews();
      },
      onState: (state, reason) => {
        if (this.state === "live" && state !== "live") this.rows.missed();
        if (state === "live") {
          this.gap = this.gap || this.wasLive;
          this.wasLive = true;
        }
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
    this.rows.ring.clear();
    this.lost = 0;
    this.gap = false;
    this.onNews();
  }

  private take(event: Event): void {
    if (event.type === "lost") {
      this.lost += (JSON.parse(event.data) as { lost: number }).lost;
      return this.rows.missed();
    }
    this.rows.take(JSON.parse(event.data) as Exchange, event.type === "open", this.paused);
  }
}
