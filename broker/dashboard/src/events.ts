// text/event-stream by fetch: EventSource cannot say the session's key. Reconnects with back-off, from the last id.
import { openStream, Problem } from "./api";

export interface Event {
  type: string;
  data: string;
  id: string;
}

export type StreamState = "connecting" | "live" | "waiting" | "refused";

export interface Follower {
  onEvent(event: Event): void;
  onState(state: StreamState, reason: string): void;
}

// Cuts a stream's text into its events.
export class EventCutter {
  private rest = "";

  take(text: string, onEvent: (event: Event) => void): void {
    this.rest += text;
    for (;;) {
      const end = this.rest.indexOf("\n\n");
      if (end < 0) return;
      const block = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + 2);
      const event = { type: "message", data: "", id: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) event.type = line.slice(7);
        else if (line.startsWith("data: ")) event.data += line.slice(6);
        else if (line.startsWith("id: ")) event.id = line.slice(4);
      }
      if (event.data) onEvent(event);
    }
  }
}

const LEAST_WAIT_MS = 500;
const MOST_WAIT_MS = 10_000;

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });

// Follows until the returned function is called.
export function follow(path: string, follower: Follower): () => void {
  const stop = new AbortController();
  void run(path, follower, stop.signal);
  return () => stop.abort();
}

async function run(path: string, follower: Follower, signal: AbortSignal): Promise<void> {
  let lastId = "";
  let wait = LEAST_WAIT_MS;
  while (!signal.aborted) {
    follower.onState("connecting", "");
    try {
      const answer = await openStream(path, lastId ? { "Last-Event-ID": lastId } : {}, signal);
      follower.onState("live", "");
      wait = LEAST_WAIT_MS;
      const cutter = new EventCutter();
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        cutter.take(value, (event) => {
          if (event.id) lastId = event.id;
          follower.onEvent(event);
        });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500) {
        return follower.onState("refused", error.message);
      }
    }
    if (signal.aborted) return;
    follower.onState("waiting", "");
    await pause(wait, signal);
    wait = Math.min(wait * 2, MOST_WAIT_MS);
  }
}
