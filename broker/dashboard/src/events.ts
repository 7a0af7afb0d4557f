// text/event-stream by fetch: EventSource cannot say the session's key. Reconnects with back-off, from the last id, and keeps
// no connection while nobody sees the page.
import { openStream, Problem } from "./api";
import { onceHidden, untilSeen } from "./seen";

export interface Event {
  type: string;
  data: string;
  id: string;
}

export type StreamState = "connecting" | "live" | "waiting" | "hidden" | "refused"; // hidden: nobody sees the page

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
const MOST_SILENCE_MS = 45_000; // the broker has a word to say every 15 s
const HIDDEN_MS = 10_000;
const HIDDEN = "hidden"; // why a connection was given up

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      done();
    };
    const timer = setTimeout(over, ms);
    signal.addEventListener("abort", over);
  });

// Follows until the returned function is called.
export function follow(path: string, follower: Follower): () => void {
  const stop = new AbortController();
  void new Following(path, follower, stop.signal).run();
  return () => stop.abort();
}

class Following {
  private lastId = "";
  private wait = LEAST_WAIT_MS;

  constructor(private readonly path: string, private readonly follower: Follower, private readonly stop: AbortSignal) {}

  async run(): Promise<void> {
    while (!this.stop.aborted) {
      this.follower.onState("connecting", "");
      const line = new AbortController();
      try {
        await this.listen(line);
      } catch (error) {
        if (this.stop.aborted) return;
        if (error instanceof Problem && error.status >= 400 && error.status < 500) {
          return this.follower.onState("refused", error.message);
        }
      }
      if (this.stop.aborted) return;
      await (line.signal.reason === HIDDEN ? this.untilSeen() : this.pause());
    }
  }

  // One connection, until its end, or until it is given up: the broker is silent, or nobody sees the page.
  private async listen(line: AbortController): Promise<void> {
    const giveUp = () => line.abort();
    let silence = setTimeout(giveUp, MOST_SILENCE_MS);
    const unwatch = onceHidden(HIDDEN_MS, () => line.abort(HIDDEN));
    try {
      const fields: Record<string, string> = this.lastId ? { "Last-Event-ID": this.lastId } : {};
      const answer = await openStream(this.path, fields, AbortSignal.any([this.stop, line.signal]));
      this.follower.onState("live", "");
      this.wait = LEAST_WAIT_MS;
      const cutter = new EventCutter();
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(giveUp, MOST_SILENCE_MS);
        cutter.take(value, (event) => {
          if (event.id) this.lastId = event.id;
          this.follower.onEvent(event);
        });
      }
    } finally {
      clearTimeout(silence);
      unwatch();
      line.abort(); // nothing of it stays open, whatever ended it
    }
  }

  private untilSeen(): Promise<void> {
    this.follower.onState("hidden", "");
    return untilSeen(this.stop);
  }

  private async pause(): Promise<void> {
    this.follower.onState("waiting", "");
    await pause(this.wait, this.stop);
    this.wait = Math.min(this.wait * 2, MOST_WAIT_MS);
  }
}
