import Form from "./form";

export default function Page() {
  return (
    <main>
      <h1 id="title">the first title</h1>
      <Form />
    </main>
  );
}
