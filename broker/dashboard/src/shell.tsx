// What surrounds every page: where one can go, the theme, the help.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { projectOf, type Who } from "./api";
import { focusSearch, pageShortcuts, useShortcuts } from "./keys";
import { go, link } from "./way";

export interface Place {
  page: string;
  name: string;
  key: string;
  forProjects: boolean; // a project's token may see it
}

export const PLACES: Place[] = [
  { page: "overview", name: "Overview", key: "o", forProjects: false },
  { page: "machines", name: "Machines", key: "m", forProjects: true },
  { page: "routes", name: "Routes", key: "r", forProjects: true },
  { page: "exchanges", name: "Exchanges", key: "e", forProjects: true },
  { page: "why", name: "Why", key: "w", forProjects: false },
  { page: "changes", name: "Changes", key: "c", forProjects: true },
];

export const placesOf = (who: Who) => PLACES.filter((place) => place.forProjects || !projectOf(who));

const THEME = "ingress.theme";
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

export function applyTheme(theme = (localStorage.getItem(THEME) ?? "auto") as Theme): Theme {
  if (theme === "auto") {
    localStorage.removeItem(THEME);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(THEME, theme);
    document.documentElement.dataset.theme = theme;
  }
  dispatchEvent(new Event("themechange"));
  return theme;
}

function Help({ onClose }: { onClose: () => void }) {
  const rows = new Map(pageShortcuts().map((shortcut) => [shortcut.keys, shortcut.what]));
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const node = dialog.current!;
    node.showModal();
    return () => node.close(); // gives the focus back
  }, []);
  useShortcuts([{ keys: "Escape, ?", what: "close", run: onClose }], true);
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog class="veil" ref={dialog} aria-label="Keyboard" onClick={onClose} onCancel={cancel}>
      <div class="help" onClick={(event) => event.stopPropagation()}>
        <h2>Keyboard</h2>
        <dl>
          {[...rows].map(([keys, what]) => (
            <div key={keys}>
              <dt>{keys.split(", ").map((key) => <kbd key={key}>{key === " " ? "space" : key}</kbd>)}</dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <button autofocus onClick={onClose}>Close</button>
      </div>
    </dialog>
  );
}

export function Shell({ who, page, onOut }: { who: Who; page: string; onOut: () => void }) {
  const [theme, setTheme] = useState<Theme>(applyTheme);
  const [help, setHelp] = useState(false);
  const places = placesOf(who);
  const turn = () => setTheme(applyTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]));
  useShortcuts([
    ...places.map((place) => ({ keys: `g ${place.key}`, what: `go to ${place.name}`, run: () => go(place.page) })),
    { keys: "/", what: "search", run: focusSearch },
    { keys: "t", what: "theme: as the system, light, dark", run: turn },
    { keys: "?", what: "this help", run: () => setHelp(true) },
  ]);
  return (
    <header class="bar">
      <a class="brand" href={link(places[0]!.page)} title={`ingress-broker ${who.version}`}>ingress</a>
      <nav aria-label="Pages">
        {places.map((place) => (
          <a key={place.page} href={link(place.page)} aria-current={place.page === page ? "page" : undefined}>{place.name}</a>
        ))}
      </nav>
      <div class="corner">
        <span class="note who" title={who.actor}>{who.role}</span>
        <button class="quiet" id="theme" onClick={turn} title="Theme (t)" aria-label={`Theme: ${theme}`}>
          {theme === "auto" ? "◐" : theme === "light" ? "○" : "●"}
        </button>
        <button class="quiet" id="help" onClick={() => setHelp(true)} title="Keyboard (?)" aria-label="Keyboard help">?</button>
        {who.actor !== "unix" && <button class="quiet" id="logout" onClick={onOut}>Log out</button>}
      </div>
      {help && <Help onClose={() => setHelp(false)} />}
    </header>
  );
}
