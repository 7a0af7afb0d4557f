// Where in the dashboard one is: the address's fragment, "#/machines/mach_1?q=x".
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { useSettled } from "./live";

export interface Way {
  page: string;
  item: string;
  query: URLSearchParams;
}

// What somebody typed into the address may be no text of its kind, and stands for itself then.
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read(): Way {
  const [path = "", words = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", item = ""] = path.split("/", 2);
  return { page: page || "overview", item: decoded(item), query: new URLSearchParams(words) };
}

export const link = (page: string, item = "", query: Record<string, string> = {}) => {
  const words = new URLSearchParams(query).toString();
  return `#/${page}${item ? `/${encodeURIComponent(item)}` : ""}${words ? `?${words}` : ""}`;
};

export const go = (page: string, item = "", query: Record<string, string> = {}) => {
  location.hash = link(page, item, query);
};

export function useWay(): Way {
  const [way, setWay] = useState(read);
  // Listened before anything else can change the address: an effect that waits for the first paint comes too late.
  useLayoutEffect(() => {
    const look = () => setWay(read());
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return way;
}

// What is searched for on a page ("?q="). The address follows what is typed, so that a reload keeps it, and what is
// typed follows the address: a link, or going back.
export function useSearch(page: string, way: Way) {
  const asked = way.query.get("q") ?? "";
  const [typed, setTyped] = useState(asked);
  const q = useSettled(typed, 250).trim();
  useEffect(() => setTyped(asked), [way]);
  useEffect(() => {
    const now = read();
    if (q !== (now.query.get("q") ?? "").trim()) history.replaceState(null, "", link(page, now.item, q ? { q } : {}));
  }, [q]);
  return { typed, setTyped, q, query: (q ? { q } : {}) as Record<string, string> };
}
