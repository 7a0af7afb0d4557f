// What does `run`, but for a call that comes while the last one is under way: a button that is pressed twice.
export function oneAtATime(run: () => Promise<void>): () => void {
  let busy = false;
  return () => {
    if (busy) return;
    busy = true;
    void run().finally(() => {
      busy = false;
    });
  };
}
