import { useEffect, useState } from "preact/hooks";
import { get, query } from "./api";
import { Empty, Failure, MachineLink } from "./parts";
import type { Why, WhyStep } from "./types";
import { go, type Way } from "./way";

const MARKS: Record<WhyStep["state"], string> = { ok: "✓", failed: "✗", warning: "!", skipped: "·" };

const Step = ({ step }: { step: WhyStep }) => (
  <li class={`step ${step.state}`}>
    <span class="mark" role="img" aria-label={step.state}>{MARKS[step.state]}</span>
    <b>{step.step}</b>
    <span>
      {step.detail || "not looked at"}
      {step.advice && <em>{step.advice}</em>}
    </span>
  </li>
);

const Report = ({ why }: { why: Why }) => (
  <>
    <p class={`verdict ${why.ok ? "ok" : "failed"}`} role="status">
      {why.ok ? "Requests get through" : `It fails at ${why.problem?.step}: ${why.problem?.detail}`}
      {why.target && <> → <MachineLink id={why.target.machine} />:{why.target.port}</>}
    </p>
    {why.problem?.advice && <p class="advice">{why.problem.advice}</p>}
    <ol class="steps">{why.steps.map((step) => <Step key={step.step} step={step} />)}</ol>
  </>
);

export function WhyPage({ way }: { way: Way }) {
  const asked = way.query.get("host") ?? "";
  const [host, setHost] = useState(asked);
  const [why, setWhy] = useState<Why>();
  const [problem, setProblem] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    setHost(asked);
    setWhy(undefined);
    setProblem("");
    if (!asked) return;
    const stop = new AbortController();
    get<Why>(`/v1/why${query({ host: asked })}`, stop.signal).then(setWhy, (error: Error) => {
      if (!stop.signal.aborted) setProblem(error.message);
    });
    return () => stop.abort();
  }, [asked, round]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (host.trim() === asked) setRound(round + 1);
    else go("why", "", { host: host.trim() });
  };
  return (
    <main>
      <form class="tools" onSubmit={submit}>
        <h1>Why</h1>
        <input type="search" name="host" data-search value={host} placeholder="4096__misha.iterate.app" aria-label="Host" required
          spellcheck={false} autocomplete="off" onInput={(event) => setHost(event.currentTarget.value)} />
        <button class="primary">Ask</button>
      </form>
      <Failure text={problem} />
      {why ? <Report why={why} /> : asked && !problem ? <Empty>Looking…</Empty> :
        <Empty>What becomes of a request for a host, step by step, and what to do about it.</Empty>}
    </main>
  );
}
