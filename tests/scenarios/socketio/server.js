// A repl: runs what it is sent, over socket.io. PORT, and PAGE, the origin of the page that may use it.
const { createServer } = require("node:http");
const { Server } = require(process.env.MODULES + "/socket.io");

const server = createServer();
const io = new Server(server, { cors: { origin: process.env.PAGE, credentials: true } });
io.on("connection", (socket) => {
  socket.emit("hello", { host: socket.handshake.headers["x-forwarded-host"] });
  socket.on("run", (code, done) => done(String(Function(`return (${code})`)())));
  socket.on("echo", (data, done) => done(data));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
