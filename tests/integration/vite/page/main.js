import { said } from "./said.js";

const show = (text) => (document.querySelector("#said").textContent = text);
show(said);
if (import.meta.hot) import.meta.hot.accept("./said.js", (module) => show(module.said));
