// client.js URL TRANSPORTS: runs some code in the repl at URL, and prints what happened as JSON. Every name leads to
// 127.0.0.1.
const dns = require("node:dns");
const { io } = require(process.env.MODULES + "/socket.io-client");

dns.lookup = (name, options, done) => (done ?? options)(null, options.all ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4);
const [url, transports] = process.argv.slice(2);
const socket = io(url, { transports: transports.split(","), reconnection: false, extraHeaders: { Origin: process.env.PAGE } });
const said = { hello: null, answer: null, transport: null };

function done(code) {
  console.log(JSON.stringify(said));
  process.exit(code);
}

socket.on("connect_error", (error) => {
  said.error = String(error.message);
  done(1);
});
socket.on("hello", (hello) => (said.hello = hello));
socket.on("connect", async () => {
  said.answer = await socket.emitWithAck("run", "6 * 7");
  const big = Buffer.alloc(300000, 7);
  said.echoed = Buffer.compare(Buffer.from(await socket.emitWithAck("echo", big)), big) === 0;
  const engine = socket.io.engine;
  const last = transports.split(",").at(-1);
  if (engine.transport.name !== last) await new Promise((resolve) => engine.once("upgrade", resolve));
  said.again = await socket.emitWithAck("run", "'a' + 'b'");
  said.transport = engine.transport.name;
  done(0);
});
