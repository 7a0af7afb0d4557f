// Where in the dashboard one is: the address's fragment, "#/machines/mach_1?q=x".
import { useEffect, useState } from "preact/hooks";

export interface Way {
  page: string;
  item: string;
  query: URLSearchParams;
}

function read(): Way {
  const [path = "", words = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", item = ""] = path.split("/", 2);
  return { page: page || "overview", item: decodeURIComponent(item), query: new URLSearchParams(words) };
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
  useEffect(() => {
    const look = () => setWay(read());
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return way;
}
