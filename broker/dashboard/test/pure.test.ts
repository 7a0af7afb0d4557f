// What needs no browser; run by tests/integration/test_dashboard_sources.py.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { get, getText, Problem } from "../src/api";
import { busiest, type Traffic } from "../src/busiest";
import { EventCutter, follow, type Event } from "../src/events";
import { ExchangeRows } from "../src/exchange_rows";
import { wrongIn } from "../src/filter";
import { ago, bytes, duration, rate } from "../src/format";
import { quantile, ratesOf } from "../src/history";
import { hopsOf } from "../src/hops";
import { oneAtATime } from "../src/one_at_a_time";
import { readPages } from "../src/pages";
import { Ring } from "../src/ring";
import type { Exchange } from "../src/types";

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

const BEGAN = Date.parse("2026-01-01T00:00:00.500Z");

// As it is told when it has lasted for `ms`.
const told = (ms: number, more: Partial<Exchange> = {}, began = BEGAN): Exchange => ({
  time: new Date(Math.floor(began + ms)).toISOString(), ms, client: "192.0.2.7", host: "a.example", method: "GET", target: "/",
  status: 101, bytes: 0, bytes_in: 0, route_class: "machine", machine: "mach_a", port: 1, ...more,
});

// Each row, the newest first.
const shown = ({ ring }: ExchangeRows) => Array.from({ length: ring.size }, (_, back) => {
  const { exchange } = ring.newest(back)!;
  return `${exchange.target} ${exchange.ms}${exchange.unsure ? " unsure" : exchange.open ? " open" : ""}`;
});

test("an exchange that went on is the same row when it has ended, whatever its id was at the time", () => {
  const rows = new ExchangeRows();
  rows.take(told(1100.4, { request_id: "first" }), true);
  const row = rows.ring.newest(0)!;
  rows.take(told(5), false);
  rows.take(told(9000.123, { request_id: "second" }), false);
  assert.deepEqual(shown(rows), ["/ 5", "/ 9000.123"]);
  assert.equal(rows.ring.newest(1), row, "who has it open sees its end");
  rows.take(told(9000.123, { request_id: "second" }), false);
  assert.equal(rows.ring.size, 3, "what has ended is no other's row");
});

test("exchanges are told from each other by who asked for what, when", () => {
  const rows = new ExchangeRows();
  rows.take(told(1000), true);
  for (const other of [{ client: "192.0.2.8" }, { host: "b.example" }, { method: "POST" }, { target: "/b" }]) rows.take(told(2000, other), false);
  rows.take(told(2000, {}, BEGAN + 100), false);
  rows.take(told(2000, {}, BEGAN - 100), false);
  assert.equal(rows.ring.size, 7);
  assert.ok(rows.ring.newest(6)!.exchange.open);
  rows.take(told(1000, { request_id: "b" }, BEGAN + 5), true);
  assert.equal(rows.ring.size, 8, "two at once are two");
  rows.take(told(3000, { request_id: "b" }, BEGAN), false);
  assert.ok(rows.ring.newest(7)!.exchange.open && !rows.ring.newest(0)!.exchange.open, "of two that may be it the one of its id");
  rows.take(told(4000, { request_id: "mine" }), true);
  rows.take(told(90_000, { request_id: "mine" }, BEGAN + 60_000), false);
  assert.equal(rows.ring.size, 9);
  assert.equal(rows.ring.newest(0)!.exchange.ms, 90_000, "the clock was set in between");
});

test("while the list is held, what is in it ends all the same", () => {
  const rows = new ExchangeRows();
  rows.take(told(1000), true);
  rows.take(told(1000, { target: "/b" }), true, true);
  rows.take(told(5, { target: "/c" }), false, true);
  rows.take(told(7000), false, true);
  assert.deepEqual(shown(rows), ["/ 7000"]);
});

test("of what went on when events were missed nobody says that it goes on, until that is told again", () => {
  const rows = new ExchangeRows();
  rows.take(told(1000, { request_id: "a" }), true);
  rows.take(told(1000, { request_id: "a" }), true);
  rows.take(told(1000, { target: "/b" }), true);
  rows.take(told(1000, { target: "/c" }), true);
  rows.take(told(3, { target: "/d" }), false);
  rows.missed();
  assert.deepEqual(shown(rows), ["/d 3", "/c 1000 unsure", "/b 1000 unsure", "/ 1000 unsure"]);
  rows.take(told(5000, { request_id: "again" }), true);
  rows.take(told(6000, { target: "/b" }), false);
  assert.deepEqual(shown(rows), ["/d 3", "/c 1000 unsure", "/b 6000", "/ 5000 open"]);
});

test("a list is read page by page, and whether that was all of it is known", async () => {
  const asked: string[] = [];
  const read = (last: number) => readPages(async (cursor) => {
    asked.push(cursor);
    const at = Number(cursor);
    return { items: [at], next: at === last ? null : String(at + 1) };
  });
  const few = await read(1);
  assert.deepEqual([few.whole, few.pages.flatMap((page) => page.items)], [true, [0, 1]]);
  assert.deepEqual(asked, ["", "1"]);
  const exactly = await read(2);
  assert.deepEqual([exactly.whole, exactly.pages.length], [true, 3]);
  const many = await read(3);
  assert.deepEqual([many.whole, many.pages.length], [false, 3]);
});

test("the busiest machine is the one with the most requests a second, by its own page's clock", () => {
  const look = (...rows: [string, number, number][]) =>
    new Map(rows.map(([machine, requests, at]): [string, Traffic] => [machine, { machine, requests, errors: 0, bytesOut: 0, open: 0, at }]));
  const names = (busy: ReturnType<typeof busiest>) => busy.map(({ row, requests }) => `${row.machine} ${requests}`);
  const before = look(["mach_a", 100, 1000], ["mach_b", 100, 1000], ["mach_gone", 9, 1000]);
  const now = look(["mach_a", 110, 2000], ["mach_b", 115, 3000], ["mach_new", 500, 3000]);
  assert.deepEqual(names(busiest(before, now, 9)), ["mach_a 10", "mach_b 7.5", "mach_new 0"]);
  assert.deepEqual(names(busiest(undefined, now, 1)), ["mach_new 0"], "of a first look: the most ever");
});

test("a button that is pressed twice does it once", async () => {
  let runs = 0;
  let done = () => {};
  const press = oneAtATime(() => (++runs, new Promise<void>((over) => (done = over))));
  press();
  press();
  assert.equal(runs, 1);
  done();
  await turn();
  press();
  assert.equal(runs, 2);
});

const turn = () => new Promise((done) => setImmediate(done));

// A page whose time passes when it is said to, and a broker that answers each request by a stream, which the test writes to.
class Stage {
  readonly asked: { lastId: string; write(text: string): void; signal: AbortSignal }[] = [];
  readonly states: string[] = [];
  readonly events: string[] = [];
  private readonly page = Object.assign(new EventTarget(), { hidden: false });
  private readonly timers = new Map<number, { due: number; call: () => void }>();
  private now = 0;
  private timer = 0;

  constructor(context: TestContext) {
    const world = globalThis as Record<string, unknown>;
    const stage = {
      fetch: this.answer.bind(this), document: this.page, localStorage: { getItem: () => "key" },
      setTimeout: (call: () => void, ms: number) => (this.timers.set(++this.timer, { due: this.now + ms, call }), this.timer),
      clearTimeout: (timer: number) => this.timers.delete(timer),
    };
    const kept = Object.fromEntries(Object.keys(stage).map((name) => [name, world[name]]));
    context.after(() => void Object.assign(world, kept));
    Object.assign(world, stage);
  }

  follow(): () => void {
    return follow("/v1/changes", {
      onEvent: (event) => this.events.push(event.data), onState: (state) => this.states.push(state),
    });
  }

  show(hidden: boolean): void {
    this.page.hidden = hidden;
    this.page.dispatchEvent(new Event("visibilitychange"));
  }

  async pass(seconds: number): Promise<void> {
    await this.settle();
    for (let at = 0; at < seconds; ++at) {
      this.now += 1000;
      for (const [timer, { due, call }] of this.timers) {
        if (due <= this.now && this.timers.delete(timer)) call();
      }
      await this.settle();
    }
  }

  private async settle(): Promise<void> {
    for (let turns = 0; turns < 10; ++turns) await turn();
  }

  private async answer(_path: string, { signal, headers }: { signal: AbortSignal; headers: Record<string, string> }): Promise<Response> {
    signal.throwIfAborted();
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        signal.addEventListener("abort", () => stream.error(signal.reason));
        const write = (text: string) => stream.enqueue(new TextEncoder().encode(text));
        this.asked.push({ lastId: headers["Last-Event-ID"] ?? "", write, signal });
      },
    });
    return new Response(body);
  }
}

test("a stream that is silent is given up, and followed anew from the last id", async (context) => {
  const stage = new Stage(context);
  const stop = stage.follow();
  await stage.pass(0);
  stage.asked[0]!.write("id: 7\ndata: x\n\n");
  await stage.pass(40);
  stage.asked[0]!.write(":\n\n");
  await stage.pass(40);
  assert.equal(stage.asked.length, 1, "a comment is a word, too");
  await stage.pass(7);
  assert.ok(stage.asked[0]!.signal.aborted);
  assert.deepEqual(stage.asked.map(({ lastId }) => lastId), ["", "7"]);
  assert.deepEqual(stage.states, ["connecting", "live", "waiting", "connecting", "live"]);
  stage.asked[1]!.write("id: 8\ndata: y\n\n");
  await stage.pass(0);
  assert.deepEqual(stage.events, ["x", "y"]);
  stop();
  await stage.pass(100);
  assert.ok(stage.asked[1]!.signal.aborted);
  assert.equal(stage.asked.length, 2);
});

test("a page that nobody sees keeps no connection, and goes on from the last id when it is seen", async (context) => {
  const stage = new Stage(context);
  const stop = stage.follow();
  await stage.pass(0);
  stage.asked[0]!.write("id: 7\ndata: x\n\n");
  stage.show(true);
  await stage.pass(9);
  stage.show(false);
  await stage.pass(20);
  assert.ok(!stage.asked[0]!.signal.aborted, "a look at another tab ends nothing");
  stage.show(true);
  await stage.pass(11);
  assert.ok(stage.asked[0]!.signal.aborted);
  await stage.pass(100);
  assert.equal(stage.asked.length, 1);
  stage.show(false);
  await stage.pass(0);
  assert.deepEqual(stage.asked.map(({ lastId }) => lastId), ["", "7"]);
  assert.deepEqual(stage.states, ["connecting", "live", "hidden", "connecting", "live"]);
  stage.show(true);
  await stage.pass(11);
  stop();
  stage.show(false);
  await stage.pass(0);
  assert.equal(stage.asked.length, 2, "who has stopped is not woken");
});

test("a broker that hangs is said not to answer, whether before its answer or in it", async (context) => {
  const stage = new Stage(context);
  const limits: AbortController[] = [];
  context.mock.method(AbortSignal, "timeout", () => {
    limits.push(new AbortController());
    return limits.at(-1)!.signal;
  });
  const hung = (error: unknown) => error instanceof Problem && error.status === 0 && error.message === "the broker does not answer";
  const begun = getText("/metrics");
  await turn();
  stage.asked[0]!.write("half of it");
  limits[0]!.abort();
  await assert.rejects(begun, hung);
  const stop = new AbortController();
  const ended = get("/v1/machines", stop.signal);
  await turn();
  stop.abort("left");
  await assert.rejects(ended, (error) => error === "left");
  Object.assign(globalThis, { fetch: (_: string, { signal }: RequestInit) => new Promise((_done, fail) => {
    signal!.addEventListener("abort", () => fail(signal!.reason));
  }) });
  const never = get("/v1/machines");
  limits.at(-1)!.abort();
  await assert.rejects(never, hung);
});
