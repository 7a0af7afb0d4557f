"use client";

import { useActionState } from "react";
import { greet } from "./actions";

export default function Form() {
  const [said, action] = useActionState(greet, "");
  return (
    <form action={action}>
      <input name="name" />
      <button id="send">send</button>
      <p id="said">{said}</p>
    </form>
  );
}
