// Small pieces that several pages share.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { link } from "./way";

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

export const Failure = ({ text }: { text: string }) => (text ? <p class="failure" role="alert">{text}</p> : null);

export const Dot = ({ kind, label }: { kind: "good" | "bad" | "idle" | "warn"; label: string }) => (
  <span class={`dot ${kind}`} role="img" aria-label={label} title={label} />
);

export const MachineLink = ({ id }: { id: string }) => (id ? <a href={link("machines", id)}>{id}</a> : <>—</>);

export const statusKind = (status: number) =>
  status === 0 ? "gone" : status >= 500 ? "s5" : status >= 400 ? "s4" : status >= 300 ? "s3" : "s2";

export const Status = ({ status, open }: { status: number; open?: boolean | undefined }) => (
  <span class={`status ${statusKind(status)}`}>{status || (open ? "…" : "left")}</span>
);

export const Json = ({ value }: { value: unknown }) => <pre class="json">{JSON.stringify(value, null, 2)}</pre>;

export const Facts = ({ rows }: { rows: [string, ComponentChildren][] }) => (
  <dl class="facts">
    {rows.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

// Asks a second time before it does what cannot be taken back.
export function Sure({ what, run }: { what: string; run: () => Promise<void> }) {
  const [state, setState] = useState<"calm" | "asked" | "busy">("calm");
  const [problem, setProblem] = useState("");
  const press = async () => {
    if (state === "calm") return setState("asked");
    setState("busy");
    await run().then(() => setProblem(""), (error: Error) => setProblem(error.message));
    setState("calm");
  };
  return (
    <>
      <button class={state === "asked" ? "danger" : ""} disabled={state === "busy"} onClick={press}
        onBlur={() => state === "asked" && setState("calm")}>
        {state === "asked" ? `${what}: sure?` : what}
      </button>
      <Failure text={problem} />
    </>
  );
}

export const Search = ({ value, onInput, label }: { value: string; onInput: (text: string) => void; label: string }) => (
  <input type="search" data-search value={value} placeholder={label} aria-label={label} spellcheck={false} autocomplete="off"
    onInput={(event) => onInput(event.currentTarget.value)} />
);
