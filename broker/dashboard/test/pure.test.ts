// What needs no browser; run by tests/integration/test_dashboard_sources.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventCutter, type Event } from "../src/events";
import { wrongIn } from "../src/filter";
import { ago, bytes, duration, rate } from "../src/format";
import { quantile, ratesOf } from "../src/history";
import { hopsOf } from "../src/hops";
import { Ring } from "../src/ring";

test("a ring keeps the last ones, however many come", () => {
  const ring = new Ring<number>(3);
  for (let value = 1; value <= 10; ++value) ring.push(value);
  assert.deepEqual([0, 1, 2, 3].map((back) => ring.newest(back)), [10, 9, 8, undefined]);
  assert.equal(ring.size, 3);
  assert.equal(ring.total, 10);
  ring.clear();
  ring.push(7);
  assert.equal(ring.newest(0), 7);
  assert.equal(ring.size, 1);
  assert.equal(ring.total, 1, "what was cleared is not counted");
});

test("events are cut out of a stream wherever its pieces end", () => {
  const text = ':\n\nevent: exchange\ndata: {"a":1}\n\nid: 7\nevent: change\ndata: x\n\n:\n\ndata: y\n\n';
  const whole: Event[] = [];
  new EventCutter().take(text, (event) => whole.push(event));
  assert.deepEqual(whole, [{ type: "exchange", data: '{"a":1}', id: "" }, { type: "change", data: "x", id: "7" }, { type: "message", data: "y", id: "" }]);
  const pieces: Event[] = [];
  const cutter = new EventCutter();
  for (const piece of text) cutter.take(piece, (event) => pieces.push(event));
  assert.deepEqual(pieces, whole);
});

test("a filter that no exchange can pass is wrong", () => {
  const wrong = (host: string, status = "") => Object.keys(wrongIn({ host, status, machine: "", method: "" }));
  for (const host of ["", "a.example", "*.a.example", "19300__misha.iterate.app", "LOCALHOST", "127.0.0.1", "[::1]", "xn--mnchen-3ya.de"]) {
    assert.deepEqual(wrong(host), [], host);
  }
  for (const host of ["*", "**", "*.", "*a.example", "a b", "http://x/", "a.example:80", "a.example.", ".a", "a..b", "münchen.de", "::1"]) {
    assert.deepEqual(wrong(host), ["host"], host);
  }
  assert.deepEqual(["", "404", "5xx"].flatMap((status) => wrong("", status)), []);
  for (const status of ["2", "20", "2x", "600", "xx", "2000"]) assert.deepEqual(wrong("", status), ["status"], status);
  assert.deepEqual(wrong("*", "2"), ["host", "status"]);
});

test("a quantile is in the bucket that its rank is in", () => {
  const bounds = [1, 2, 4];
  assert.equal(quantile([0, 0, 0, 0], bounds, 0.5), null);
  assert.equal(quantile([10, 0, 0, 0], bounds, 0.5), 0.5);
  assert.equal(quantile([0, 0, 10, 0], bounds, 1), 4);
  assert.equal(quantile([5, 0, 0, 5], bounds, 0.99), 4, "above all bounds is at the last one");
  assert.equal(quantile([1, 1, 1, 1], bounds, 0.5), 2);
});

test("rates are of a second, whatever the step was", () => {
  const step = { at: 5000, ms: 2500, requests: [0, 0, 5, 0, 10, 5], firstByteCounts: [1], bytesIn: 0, bytesOut: 25, open: 0, parked: 0, clients: 0, machines: 0, tunnels: 0 };
  const rates = ratesOf(step, [1]);
  assert.deepEqual([rates.at, rates.requests, rates.refused, rates.errors, rates.bytesOut], [5, 8, 4, 2, 10]);
});

test("the time of an exchange went to the hops that it reached, and to the one that it did not come past", () => {
  const names = (times: object) => hopsOf({ ms: 10, ...times }).map((hop) => `${hop.name} ${hop.from}-${hop.to}`);
  assert.deepEqual(names({}), ["broker 0-10"]);
  assert.deepEqual(names({ policy_ms: 1 }), ["policy 0-1", "tunnel 1-10"]);
  assert.deepEqual(names({ policy_ms: 1, tunnel_ms: 1 }), ["policy 0-1", "tunnel 1-1", "origin 1-10"]);
  assert.deepEqual(names({ policy_ms: 1, tunnel_ms: 2, first_byte_ms: 9 }), ["policy 0-1", "tunnel 1-2", "origin 2-9", "body 9-10"]);
});

test("numbers are short", () => {
  assert.deepEqual([0, 1.25, 99.96, 1234, 12345].map(rate), ["0", "1.3", "100", "1,234", "12.3k"]);
  assert.deepEqual([0, 1023, 1536, 5 * 2 ** 30].map(bytes), ["0 B", "1,023 B", "1.5 KiB", "5 GiB"]);
  assert.deepEqual([0.123, 12.34, 1234, 61_000, 8e6].map(duration), ["0.12 ms", "12.3 ms", "1234 ms", "61.0 s", "2.2 h"]);
  assert.equal(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T02:30:00Z")), "2 h");
  assert.equal(ago(null), "—");
});
