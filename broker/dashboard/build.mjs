// Bundles src/ and writes it as C++ (assets.h): node build.mjs NODE_MODULES OUT.cc
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const [modules, out] = process.argv.slice(2).map((path) => resolve(path));
const sources = join(dirname(fileURLToPath(import.meta.url)), "src");
const { buildSync } = createRequire(join(modules, "here.js"))("esbuild");

const bundle = (entry) => {
  const made = buildSync({
    entryPoints: [join(sources, entry)], bundle: true, minify: true, write: false, format: "esm", target: "es2022", conditions: ["style"],
    jsx: "automatic", jsxImportSource: "preact", nodePaths: [modules], legalComments: "none", charset: "utf8",
  });
  return Buffer.from(made.outputFiles[0].contents);
};

// The style stands in the page, so that its first content waits for nothing else; the policy names its hash.
const style = bundle("style.css").toString().trim();
const styleHash = "sha256-" + createHash("sha256").update(style).digest("base64");
const page = readFileSync(join(sources, "index.html"), "utf8").split('<link rel="stylesheet" href="style.css">');
if (page.length !== 2 || style.includes("</")) throw new Error("index.html has no one place for the style");

const files = [
  ["index.html", "text/html; charset=utf-8", Buffer.from(page.join(`<style>${style}</style>`)), styleHash],
  ["boot.js", "text/javascript; charset=utf-8", bundle("boot.ts")],
  ["dashboard.js", "text/javascript; charset=utf-8", bundle("main.tsx")],
  ["icon.svg", "image/svg+xml", readFileSync(join(sources, "icon.svg"))],
];

// Arrays of characters: a string may have 65536 bytes at most (C++, Annex B).
const arrays = [];
const escaped = (byte) => {
  const c = String.fromCharCode(byte);
  if (c === "'" || c === "\\") return "\\" + c;
  return byte >= 0x20 && byte < 0x7f ? c : "\\" + byte.toString(8);
};
const text = (bytes) => {
  const name = `kBytes${arrays.length}`;
  const lines = [];
  for (let at = 0; at < bytes.length; at += 24) {
    lines.push("    " + Array.from(bytes.subarray(at, at + 24), (byte) => `'${escaped(byte)}'`).join(","));
  }
  arrays.push(`constexpr char ${name}[] = {\n${lines.join(",\n")}};\n`);
  return `{${name}, sizeof(${name})}`;
};

const packed = (plain) => {
  const gzip = gzipSync(plain, { level: 9 });
  return gzip.length < plain.length ? text(gzip) : "{}";
};

const entries = files.map(([name, type, plain, hash = ""]) => {
  const etag = createHash("sha256").update(plain).digest("hex").slice(0, 20);
  return `    {"${name}", "${type}", "\\"${etag}\\"", "${hash}",\n     ${text(plain)},\n     ${packed(plain)}},\n`;
});
writeFileSync(out, `// Made by build.mjs.
#include "broker/dashboard/assets.h"

namespace ingress::broker::dashboard {
namespace {

${arrays.join("\n")}
constexpr Asset kAssets[] = {
${entries.join("")}};

}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace ingress::broker::dashboard
`);
