// Requests to the admin API, as whoever has logged in.

export interface Who {
  role: string; // "admin", "write", "read" or "project:SLUG"
  actor: string;
  expiresAt: string | null;
  version: string;
}

export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail);
  }
}

// The session's cookie is the browser's to send; its key is this page's. All ports of a host share their cookies, and
// none but this origin has its storage.
const KEY = "ingress.session";
const kept = () => localStorage.getItem(KEY) ?? "";

export const wasLoggedIn = () => kept() !== "";

let onLoggedOut = (_reason: string) => {};
export const whenLoggedOut = (call: (reason: string) => void) => {
  onLoggedOut = call;
  // All tabs are one session. Another one begins with another key, and what this page shows may not be for it.
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    if (kept()) location.reload();
    else toldLoggedOut("");
  });
};

const toldLoggedOut = (reason: string) => onLoggedOut(kept() ? reason : "Logged out in another tab.");

const fieldsOf = (more: Record<string, string> = {}): Record<string, string> => {
  const key = kept();
  return key ? { "X-Ingress-Session": key, ...more } : more;
};

async function problemOf(answer: Response): Promise<Problem> {
  const told = await answer.json().catch(() => ({}));
  return new Problem(answer.status, told.code ?? "", told.detail ?? `${answer.status} ${answer.statusText}`);
}

// Of a whole answer. A broker that hangs does not answer either, and a poll of it is to be asked again.
const MOST_ANSWER_MS = 30_000;

interface More {
  body?: unknown;
  signal?: AbortSignal | undefined;
}

async function send<T>(method: string, path: string, read: (answer: Response) => Promise<T>, { body, signal }: More = {}): Promise<T> {
  const fields = fieldsOf(body === undefined ? {} : { "Content-Type": "application/json" });
  const request: RequestInit = { method, headers: fields, credentials: "same-origin", redirect: "error" };
  if (body !== undefined) request.body = JSON.stringify(body);
  const limit = AbortSignal.timeout(MOST_ANSWER_MS);
  request.signal = signal ? AbortSignal.any([signal, limit]) : limit;
  let problem: Problem;
  try {
    const answer = await fetch(path, request);
    if (answer.ok) return await read(answer);
    problem = await problemOf(answer);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "unreachable", "the broker does not answer");
  }
  if (problem.status === 401 && path !== "/v1/session" && !signal?.aborted) toldLoggedOut(problem.message);
  throw problem;
}

const json = (answer: Response) => answer.json();
const text = (answer: Response) => answer.text();

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => send<T>("GET", path, json, { signal });
export const getText = (path: string, signal?: AbortSignal): Promise<string> => send("GET", path, text, { signal });
export const post = <T>(path: string, body?: unknown): Promise<T> => send<T>("POST", path, json, { body });
export const remove = async (path: string): Promise<void> => {
  await send("DELETE", path, text);
};

// A stream of events; the caller reads its body. An aborted signal ends it.
export async function openStream(path: string, more: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(path, {
    headers: fieldsOf({ Accept: "text/event-stream", ...more }), credentials: "same-origin", signal, cache: "no-store",
  });
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (answer.status === 401 && !signal.aborted) toldLoggedOut(problem.message);
  throw problem;
}

export async function logIn(token: string): Promise<Who> {
  const made = await post<Who & { key: string }>("/v1/session", { token });
  localStorage.setItem(KEY, made.key);
  return made;
}

export async function logOut(): Promise<void> {
  onLoggedOut = () => {};
  const gone = remove("/v1/session").catch(() => {}); // by the key, which no other tab shall find when it is told
  localStorage.removeItem(KEY);
  await gone;
}

export const query = (values: Record<string, string | number | undefined>): string => {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") words.set(name, String(value));
  }
  const text = words.toString();
  return text ? `?${text}` : "";
};

export const projectOf = (who: Who) => (who.role.startsWith("project:") ? who.role.slice(8) : "");
export const mayWrite = (who: Who) => who.role !== "read";
