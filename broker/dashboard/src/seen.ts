// Whether somebody can see the page. A browser has six connections to a host for all of its tabs together: one that nobody
// sees shall keep none.

// Calls once the page has been hidden for `ms` on end, unless what is returned was called before.
export function onceHidden(ms: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(call, ms);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(timer);
  };
}

// Until it is seen, or the signal is aborted.
export const untilSeen = (signal: AbortSignal) =>
  new Promise<void>((done) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
