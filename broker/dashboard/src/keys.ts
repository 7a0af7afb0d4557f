// Shortcuts. One key, or two one behind the other ("g m"); none while something is typed.
import { useLayoutEffect } from "preact/hooks";

export interface Shortcut {
  keys: string;
  what: string;
  run(): void;
}

const active: Shortcut[][] = [];
let before = "";
let beforeAt = 0;
const PAIR_MS = 1200;

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  // A button is pressed by these.
  if ((event.key === " " || event.key === "Enter") && event.target instanceof HTMLElement &&
      /^(A|BUTTON|SUMMARY)$/.test(event.target.tagName)) return;
  const pair = event.timeStamp - beforeAt < PAIR_MS ? `${before} ${event.key}` : "";
  before = event.key;
  beforeAt = event.timeStamp;
  for (const keys of [pair, event.key]) {
    const found = keys && active.flat().findLast((shortcut) => shortcut.keys.split(", ").includes(keys));
    if (!found) continue;
    event.preventDefault();
    before = "";
    found.run();
    return;
  }
});

// Those of a part of the page, while it is there.
export function useShortcuts(shortcuts: Shortcut[]): void {
  useLayoutEffect(() => {
    active.push(shortcuts);
    return () => {
      active.splice(active.indexOf(shortcuts), 1);
    };
  });
}

export const allShortcuts = (): Shortcut[] => active.flat();

export const focusSearch = () => document.querySelector<HTMLInputElement>("[data-search]")?.focus();
