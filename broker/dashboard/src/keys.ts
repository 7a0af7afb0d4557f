// Shortcuts. One key, or two one behind the other ("g m"); none while something is typed.
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Shortcut {
  keys: string;
  what: string;
  run(): void;
}

interface Part {
  shortcuts: Shortcut[];
  modal: boolean;
}

const active: Part[] = []; // in the order in which they came: the last one is on top
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
  const reached = active.slice(Math.max(0, active.findLastIndex((part) => part.modal))).flatMap((part) => part.shortcuts);
  for (const keys of [pair, event.key]) {
    const found = keys && reached.findLast((shortcut) => shortcut.keys.split(", ").includes(keys));
    if (!found) continue;
    event.preventDefault();
    before = "";
    found.run();
    return;
  }
});

// Those of a part of the page, while it is there. None of what is beneath a modal part is reached.
export function useShortcuts(shortcuts: Shortcut[], modal = false): void {
  const part = useRef<Part>({ shortcuts, modal }).current;
  useLayoutEffect(() => {
    part.shortcuts = shortcuts;
  });
  useLayoutEffect(() => {
    active.push(part);
    return () => {
      active.splice(active.indexOf(part), 1);
    };
  }, []);
}

export const pageShortcuts = (): Shortcut[] => active.filter((part) => !part.modal).flatMap((part) => part.shortcuts);

// Brings the selected row into view when another one is: `which` says one from another.
export function useSelectedInView(which: unknown): void {
  useLayoutEffect(() => document.querySelector("tr.selected")?.scrollIntoView({ block: "nearest" }), [which]);
}

export const focusSearch = () => document.querySelector<HTMLInputElement>("[data-search]")?.focus();
