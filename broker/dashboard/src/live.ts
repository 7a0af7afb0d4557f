// Hooks for what changes by itself.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";

export interface Polled<T> {
  value: T | undefined;
  problem: string;
}

// What `load` gives, anew every `ms` while the page is seen. `key` tells one question from another.
export function usePoll<T>(key: string, ms: number, load: (signal: AbortSignal) => Promise<T>): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({ key, value: undefined, problem: "" });
  const current = useRef(load);
  current.current = load;
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    const look = async () => {
      if (!document.hidden) {
        try {
          const value = await current.current(stop.signal);
          if (!stop.signal.aborted) setState({ key, value, problem: "" });
        } catch (error) {
          if (stop.signal.aborted) return;
          const problem = error instanceof Problem ? error.message : String(error);
          setState((last) => ({ key, value: last.key === key ? last.value : undefined, problem }));
        }
      }
      if (!stop.signal.aborted && ms > 0) timer = window.setTimeout(look, ms);
    };
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, ms]);
  return state.key === key ? state : { value: undefined, problem: "" };
}

// Draws anew when called, at most once a frame and every `leastMs`, however often that is.
export function useRedraw(leastMs: number): () => void {
  const [, draw] = useState(0);
  const due = useRef(0);
  const last = useRef(0);
  useEffect(() => () => cancelAnimationFrame(due.current), []);
  return useRef(() => {
    if (due.current) return;
    const frame = (now: number) => {
      if (now - last.current < leastMs) {
        due.current = requestAnimationFrame(frame);
        return;
      }
      due.current = 0;
      last.current = now;
      draw((value) => value + 1);
    };
    due.current = requestAnimationFrame(frame);
  }).current;
}

// A value that follows another one when that has been quiet for `ms`.
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
