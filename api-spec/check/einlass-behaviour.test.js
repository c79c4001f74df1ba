// What einlass.js asks when, what it keeps, and what it tells: against a room that this file plays.
// node einlass-behaviour.test.js

import assert from "node:assert/strict";
import { test } from "node:test";
import { Einlass, EinlassError, readAgainAfterMs } from "../clients/einlass.js";

const ROOM = "https://warten.example/v1/rooms/town";
const PAST = "2021-06-14T06:00:00.000Z";
const ISSUED = "2021-06-14T05:59:00.000Z";

/** A room after its draw, in which 10 entries have one place each, as far as anybody knows. */
class Room {
  requests = [];
  status = {
    room: "town",
    epoch: 1,
    phase: "open",
    now: new Date().toISOString(),
    lanes: { public: { entered: 10, called: 0, part: 1 } },
    draws: [
      { opening: 0, gathers_from: ISSUED, opens_at: PAST, first_entry: 0, entries: 10, seed: "00".repeat(32) },
    ],
    gathering: null,
    last_boundary: 1,
    prospects: { calls_per_s: null, slowed: null, comes: 1, places: null },
    intervals: { near_ms: 4, far_ms: 8, near_ahead: 10, ahead_per_s: 1, show_within_s: 1_000 },
  };
  /** Answers in place of the usual one, by method and path, first come first served. */
  instead = {};

  get own() {
    const { epoch, now } = this.status;
    return { lane: "public", entry: 3, subject: "07".repeat(16), issued_at: ISSUED, epoch, now, state: "waiting", place: 5 };
  }

  /** Members of a ticket's state, after the draw. */
  answers = {
    "GET ": () => [200, this.status],
    "POST /tickets": () => [201, { ticket: "first", ...this.own }],
    "GET /ticket": () => [200, { ticket: "anew", ...this.own, poll_after_s: 0 }],
    "POST /passes": () => [201, { pass: "pass", expires_at: "2099-01-01T00:00:00.000Z", ticket: "let in" }],
    "DELETE /passes/current": () => [204, undefined],
  };

  fetch = async (url, { method, headers, body }) => {
    const what = `${method} ${url.slice(ROOM.length)}`;
    this.requests.push({ what, headers, body });
    const [status, json, sent = {}] = await (this.instead[what]?.shift() ?? this.answers[what])();
    const answer = { status, ok: status < 300, json: async () => json };
    return { ...answer, headers: new Headers(sent) };
  };

  count(what) {
    return this.requests.filter((request) => request.what === what).length;
  }

  call() {
    this.status.lanes.public.called = 10;
  }
}

const refused = (status, code, more) => () => [status, { code, status, title: "Titel", detail: "Text", ...more }];
const lost = () => Promise.reject(new TypeError("no network"));

class Store extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => void this.set(key, value);
  removeItem = (key) => void this.delete(key);
}

const visit = (room, more = {}) => new Einlass(ROOM, { fetch: room.fetch, storage: new Store(), ...more });

test("whoever waits asks for the status alone, and never with the ticket", async () => {
  const room = new Room();
  const einlass = visit(room);
  await einlass.join();
  let turns = 0;
  const last = await einlass.wait({
    onChange: ({ state, ahead, place }) => {
      if (state === "waiting") assert.equal(ahead, place);
      if ((turns += 1) === 20) room.call();
    },
  });
  assert.equal(last.state, "called");
  assert.equal(room.count("GET "), 21);
  assert.equal(room.count("GET /ticket"), 0);
  for (const { headers } of room.requests.slice(1)) assert.deepEqual(headers, {}, "a simple request");
});

test("a lost answer is asked for under the same key", async () => {
  const room = new Room();
  room.instead["POST /tickets"] = [lost, refused(503, "overloaded", { retry_after_s: 0.001 })];
  const joined = await visit(room).join({ residence: { postcode: "67346" } });
  assert.equal(joined.ticket, "first");
  const keys = new Set(room.requests.map(({ headers }) => headers["Idempotency-Key"]));
  assert.equal(room.requests.length, 3);
  assert.equal(keys.size, 1);
  assert.match([...keys][0], /^[0-9a-f]{32}$/);
  assert.equal(room.requests[2].body, '{"residence":{"postcode":"67346"}}');
});

test("a proof of work is computed where the page can, and waited for where it cannot", async () => {
  const asked = refused(429, "proof-required", { challenge: "/challenge?key=1", retry_after_s: 0.001 });
  const room = new Room();
  room.instead["POST /tickets"] = [asked];
  const fetch = (url, init) =>
    url === "https://warten.example/challenge?key=1" ? { json: async () => ({ salt: 1 }) } : room.fetch(url, init);
  const solve = async ({ salt }) => `solved ${salt}`;
  await visit(room, { fetch, solve }).join({ residence: { postcode: "67346" } });
  const [first, second] = room.requests;
  assert.equal(JSON.parse(second.body).proof, "solved 1");
  assert.equal(first.headers["Idempotency-Key"], second.headers["Idempotency-Key"]);
  room.instead["POST /tickets"] = [asked];
  await visit(room).join({});
  assert.equal(room.requests.at(-1).body, "{}");
});

test("a reload goes on with the ticket", async () => {
  const [room, storage] = [new Room(), new Store()];
  assert.equal(await visit(room, { storage }).resume(), null);
  await visit(room, { storage }).join();
  const again = visit(room, { storage });
  assert.equal(again.ticket.entry, 3);
  assert.equal((await again.resume()).state, "waiting");
  assert.equal(room.requests.at(-1).headers.Authorization, "Bearer first");
  assert.equal(visit(room, { storage }).ticket.ticket, "anew", "what was signed anew is kept");
  await again.join();
  assert.equal(room.requests.at(-1).headers.Authorization, "Bearer anew");
});

test("the ticket is shown once when the epoch rises", async () => {
  const room = new Room();
  const einlass = visit(room);
  await einlass.join();
  room.status.epoch = 2;
  let turns = 0;
  await einlass.wait({ onChange: () => (turns += 1) === 10 && room.call() });
  assert.equal(room.count("GET /ticket"), 1);
  assert.equal(einlass.ticket.ticket, "anew");
  assert.equal(einlass.ticket.epoch, 2);
});

test("a witness shows its ticket once after the draw", async () => {
  const room = new Room();
  room.status.intervals.show_within_s = 0;
  const einlass = visit(room);
  await einlass.join();
  let turns = 0;
  await einlass.wait({ onChange: () => (turns += 1) === 10 && room.call() });
  assert.equal(room.count("GET /ticket"), 1);
});

test("nothing is lost while the room gives no answer", async () => {
  const room = new Room();
  const einlass = visit(room, { language: "de" });
  await einlass.join();
  const told = [];
  const away = refused(404, "room-not-found", { retry_after_s: 0.001 });
  room.instead["GET "] = [() => [200, room.status], away];
  await einlass.wait({
    onChange: (waiting) => {
      told.push(waiting);
      if (waiting.error) room.call();
    },
  });
  assert.deepEqual(told.map(({ state }) => state), ["waiting", "waiting", "called"]);
  assert.equal(told[1].error.title, "Titel");
  room.instead["GET "] = [lost];
  await assert.rejects(einlass.status(), ({ code, status, title }) => {
    assert.deepEqual([code, status, title], ["offline", 0, "Keine Verbindung"]);
    return true;
  });
});

test("a pass is waited for while all are taken, and kept until it ends", async () => {
  const room = new Room();
  const einlass = visit(room);
  await einlass.join();
  room.instead["POST /passes"] = [
    refused(409, "not-your-turn", { retry_after_s: 0.001 }),
    () => [429, { code: "rate-limited", status: 429, title: "" }, { "retry-after": "0.001" }],
  ];
  assert.equal((await einlass.pass()).pass, "pass");
  assert.equal((await einlass.pass()).pass, "pass");
  assert.equal(room.count("POST /passes"), 3);
  assert.equal(einlass.ticket.ticket, "let in");
});

test("a refusal that stays is an error with its texts", async () => {
  const room = new Room();
  const einlass = visit(room);
  await einlass.join();
  room.instead["POST /passes"] = [refused(409, "pass-used", { ticket: "used up" })];
  await assert.rejects(einlass.pass(), (error) => {
    assert.ok(error instanceof EinlassError);
    assert.deepEqual([error.code, error.message, error.isPassing], ["pass-used", "Titel: Text", false]);
    return true;
  });
  assert.equal(einlass.ticket.ticket, "used up");
  room.instead["POST /tickets"] = [refused(404, "room-not-found")];
  await assert.rejects(einlass.join(), { code: "room-not-found" }, "there is nothing to wait for");
});

const unknown = refused(401, "ticket-invalid", { retry_after_s: 0.001 });

test("an instance that is behind costs nobody the ticket", async () => {
  const [room, storage] = [new Room(), new Store()];
  const einlass = visit(room, { storage });
  await einlass.join();
  room.instead["GET /ticket"] = [unknown];
  assert.equal((await einlass.resume()).state, "waiting");
  room.instead["GET /ticket"] = [unknown, unknown];
  room.status.epoch = 2;
  await assert.rejects(einlass.wait(), { code: "ticket-invalid" }, "the page hears of it");
  assert.equal(einlass.ticket.ticket, "anew");
  assert.equal(visit(room, { storage }).ticket.ticket, "anew");
  room.instead["POST /tickets"] = [unknown];
  await einlass.join();
  assert.equal(room.requests.at(-1).headers.Authorization, "Bearer anew", "joining has it tried once more");
});

test("a ticket that stays refused is replaced by a new join, and not before", async () => {
  const [room, storage] = [new Room(), new Store()];
  const einlass = visit(room, { storage });
  await einlass.join();
  await einlass.pass();
  room.instead["POST /tickets"] = [unknown, unknown, refused(403, "not-eligible")];
  await assert.rejects(einlass.join(), { code: "not-eligible" });
  assert.equal(room.requests.at(-1).headers.Authorization, undefined, "a bad ticket is not sent along");
  assert.equal(visit(room, { storage }).ticket.ticket, "let in");
  const another = () => [201, { ticket: "another", ...room.own, entry: 9 }];
  room.instead["POST /tickets"] = [unknown, unknown, refused(503, "overloaded", { retry_after_s: 0.001 }), unknown, unknown, another];
  await einlass.join();
  const { ticket, entry, pass } = visit(room, { storage }).ticket;
  assert.deepEqual([ticket, entry, pass], ["another", 9, undefined], "nothing is left of the one before");
});

test("leaving gives the pass back, at the booking where it has to be", async () => {
  const room = new Room();
  const einlass = visit(room);
  await einlass.join();
  await einlass.pass();
  room.instead["DELETE /passes/current"] = [refused(409, "leave-at-booking")];
  await assert.rejects(einlass.leave(), { code: "leave-at-booking" });
  assert.notEqual(einlass.ticket, null);
  await einlass.leave();
  assert.equal(room.requests.at(-1).headers.Authorization, "Bearer pass");
  assert.equal(einlass.ticket, null);
});

test("a room that was closed may be opened again, and whoever waits is there", async (t) => {
  for (const canCompute of [true, false]) {
    const { crypto } = globalThis;
    if (!canCompute) {
      Object.defineProperty(globalThis, "crypto", { value: { getRandomValues: (bytes) => bytes }, configurable: true });
      t.after(() => Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true }));
    }
    const room = new Room();
    const einlass = visit(room);
    await einlass.join();
    const own = (state) => () => [200, { ...room.own, state, poll_after_s: 0 }];
    room.instead["GET /ticket"] = ["closed", "closed", "waiting", "called"].map(own);
    room.status.phase = "closed";
    const told = [];
    const last = await einlass.wait({
      onChange: ({ state }) => {
        told.push(state);
        if (told.length === 2) room.status.phase = "open";
        if (told.length === 3) room.call();
      },
    });
    assert.deepEqual(told, ["closed", "closed", "waiting", "called"]);
    assert.equal(last.state, "called");
  }
});

test("waiting can be given up", async () => {
  const room = new Room();
  room.status.intervals = { ...room.status.intervals, near_ms: 100_000, far_ms: 100_000 };
  const einlass = visit(room);
  await einlass.join();
  const giveUp = new AbortController();
  const waiting = einlass.wait({ signal: giveUp.signal, onChange: () => giveUp.abort(new Error("enough")) });
  await assert.rejects(waiting, { message: "enough" });
});

test("a stream of the status is followed, and the status read while there is none", async (t) => {
  let source;
  globalThis.EventSource = class extends EventTarget {
    readyState = 1;
    constructor(url) {
      super();
      assert.equal(url, `${ROOM}/stream`);
      source = this;
    }
    close() {
      this.readyState = 2;
    }
    tell(data) {
      this.dispatchEvent(Object.assign(new Event("status"), { data: JSON.stringify(data) }));
    }
  };
  t.after(() => delete globalThis.EventSource);
  const room = new Room();
  const einlass = visit(room, { stream: true });
  await einlass.join();
  let turns = 0;
  const last = await einlass.wait({
    onChange: () => {
      turns += 1;
      if (turns === 6) source.dispatchEvent(new Event("error"));
      if (turns === 8) room.call();
      queueMicrotask(() => source.tell(room.status));
    },
  });
  assert.equal(last.state, "called");
  assert.ok(room.count("GET ") <= 2, `${room.count("GET ")} questions beside the stream`);
  assert.equal(source.readyState, 2, "it is closed");
});

test("the nearer the call, the sooner the status is read", () => {
  const status = {
    draws: [{ opening: 0, opens_at: PAST }],
    intervals: { near_ms: 600, far_ms: 30_000, near_ahead: 100, ahead_per_s: 50 },
  };
  const waits = (ahead, random) => readAgainAfterMs(status, { state: "waiting", ahead }, 0, random);
  assert.equal(waits(50, 1), 600);
  assert.equal(waits(50, 0), 375);
  assert.equal(waits(600, 1), 10_000);
  assert.equal(waits(1_000_000, 1), 30_000);
  assert.equal(readAgainAfterMs(status, { state: "closed" }, 0, 1), 30_000, "it may be opened again");
  const gathers = (ms, random) => {
    const now = Date.parse(PAST) - ms;
    return readAgainAfterMs(status, { state: "gathering", opening: 0 }, now, random);
  };
  assert.equal(gathers(60_000, 1), 30_000);
  assert.equal(gathers(20_000, 0), 21_000, "a cache has the draw");
  assert.equal(gathers(20_000, 1), 22_000);
  assert.equal(gathers(-1, 1), 600, "it is due");
});
