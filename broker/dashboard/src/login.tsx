import { useEffect, useRef, useState } from "preact/hooks";
import { logIn, type Who } from "./api";
import { Failure } from "./parts";

// The cookie of the session is for secure origins alone: https, and this machine's own addresses.
const unsafe = () => !window.isSecureContext;

export function Login({ onIn, reason }: { onIn: (who: Who) => void; reason: string }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await logIn(field.current!.value.trim()).then(onIn, (error: Error) => setProblem(error.message));
    setBusy(false);
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>Log in</h1>
        {reason && <p class="note">{reason}</p>}
        {unsafe() && (
          <p class="failure" role="alert">
            This page came in clear, and a browser keeps no session for it. Come by https (a proxy in front of the admin
            address), or by a tunnel: <code>ssh -L 8481:127.0.0.1:8481 edge</code>, then http://127.0.0.1:8481.
          </p>
        )}
        <label for="token">Admin token, or one of <code>ingressctl token create --role …</code></label>
        <input id="token" name="token" type="password" ref={field} required autocomplete="current-password" spellcheck={false} />
        <button class="primary" disabled={busy}>Log in</button>
        <Failure text={problem} />
      </form>
    </main>
  );
}
