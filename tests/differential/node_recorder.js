// Node's reading of requests: an HTTP server on the Unix socket that is named, one JSON line on stdout for each
// connection that has closed.
"use strict";
const http = require("http");

const seen = new Map();

const server = http.createServer((request, response) => {
  let bytes = 0;
  request.on("data", (piece) => {
    bytes += piece.length;
  });
  request.on("end", () => {
    const requests = seen.get(request.socket).requests;
    requests.push({ method: request.method, target: request.url, body_bytes: bytes });
    response.end("ok");
  });
});

server.on("connection", (socket) => {
  seen.set(socket, { requests: [], error: "" });
  socket.on("close", () => {
    process.stdout.write(JSON.stringify(seen.get(socket)) + "\n");
    seen.delete(socket);
  });
});

server.on("clientError", (error, socket) => {
  seen.get(socket).error = String(error.code || error.message);
  if (socket.writable) {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  } else {
    socket.destroy();
  }
});

server.listen(process.argv[2], () => process.stdout.write("ready\n"));
