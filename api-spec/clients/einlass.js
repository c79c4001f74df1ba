/**
 * The waiting room in a page: join, wait, take the pass, resume, leave. No dependencies; types in einlass.d.ts.
 *
 * Whoever waits reads the public status of the room alone, which any cache answers, and computes from it where the
 * ticket stands (docs/adr/0046). The ticket itself is shown when the epoch of the room rises, and once after its draw
 * as the status asks for. Where a browser has no WebCrypto (pages without https) the ticket is asked with instead.
 */

/** A refusal: `code` of the catalogue of problems, with texts for people; or `offline`, when there was no answer. */
export class EinlassError extends Error {
  constructor(problem, retryAfterS) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
    this.name = "EinlassError";
    this.problem = problem;
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.retryAfterS = retryAfterS;
  }

  /** Whether the same request may be answered later. */
  get isPassing() {
    return this.status === 429 || this.status >= 500 || PASSING.has(this.code);
  }
}

const PASSING = new Set(["offline", "not-your-turn"]);

const OFFLINE = {
  de: { title: "Keine Verbindung", detail: "Ihr Platz bleibt erhalten. Es geht von selbst weiter." },
  en: { title: "No connection", detail: "Your place is kept. It goes on by itself." },
};

const BACK_OFF_MS = 1_000;
/** As many failures make for a pause of 4 to 5 seconds. */
const AFTER_SECONDS = 3;

/**
 * Where a ticket stands, computed from a status of its room.
 *
 * `ticket` has `lane`, `entry`, `subject` and `issued_at` as joining answered them. `lots` remembers what was drawn, so
 * that it is computed once.
 */
export async function standing(status, ticket, lots = new Map()) {
  if (status.phase === "closed") return { state: "closed" };
  const position = await placeOf(status, ticket, lots);
  if (position.place === undefined) return { state: "gathering", opening: position.opening };
  const { place } = position;
  const called = status.lanes[ticket.lane]?.called ?? 0;
  if (place < called) return { state: "called", place, ahead: 0, estimated_wait_s: { low: 0, high: 0 } };
  const ahead = place - called;
  return { state: "waiting", place, ahead, ...estimate(status, ticket.lane, ahead) };
}

async function placeOf(status, { lane, entry, subject, issued_at }, lots) {
  const { draws, gathering, last_boundary: last } = status;
  const issued = Date.parse(issued_at);
  if (last === null && Date.parse(status.now) < Date.parse(draws[0].opens_at)) return { opening: 0 };
  const drawn = draws.find((draw) => isIn(draw, lane, entry) && issued < Date.parse(draw.opens_at));
  if (drawn && !drawn.seed) return { opening: drawn.opening };
  if (drawn) {
    if (!lots.has(drawn.seed)) lots.set(drawn.seed, await lotOf(drawn.seed, subject));
    const { first_entry: first, entries } = partOf(drawn, lane);
    return { place: first + Number((lots.get(drawn.seed) * BigInt(entries)) >> 64n) };
  }
  // Nothing is issued between the instant of a boundary and its counting: who came later stands behind it.
  const boundaries = draws.flatMap((draw) => [draw.gathers_from, draw.opens_at]);
  const behind = boundaries.findLastIndex((at, index) => index > (last ?? -1) && Date.parse(at) <= issued);
  if (behind >= 0) return behind % 2 === 0 ? { opening: draws[behind / 2].opening } : { place: entry };
  if (gathering && entry >= (gathering.first_entries[lane] ?? 0)) return { opening: gathering.opening };
  return { place: entry };
}

/** A lane's part of a draw. Where none is named, the public lane was alone. */
function partOf(draw, lane) {
  const alone = lane === "public" ? draw : {};
  return draw.lanes ? (draw.lanes[lane] ?? {}) : alone;
}

function isIn(draw, lane, entry) {
  const { first_entry: first, entries } = partOf(draw, lane);
  return entry >= first && entry < first + entries;
}

/** The first 64 bits of SHA-256(seed ‖ subject). */
async function lotOf(seed, subject) {
  const hash = await crypto.subtle.digest("SHA-256", bytesOf(seed + subject));
  return new DataView(hash).getBigUint64(0);
}

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16));
}

function estimate({ prospects, lanes }, lane, ahead) {
  const { calls_per_s: rate, comes, places } = prospects;
  const calls = (ahead + 1) / (lanes[lane]?.part ?? 1);
  const reach = places ? Math.max(places.wanted - places.before, 0) / comes : Infinity;
  const untilDecided = Math.min(calls, reach);
  const told = {};
  if (rate && untilDecided >= 1) {
    told.estimated_wait_s = {
      low: Math.floor(untilDecided / rate.fast),
      high: Math.floor(untilDecided / rate.slow) + 1,
    };
  }
  const slowed = prospects.slowed ?? (reach < calls ? "places_short" : null);
  if (slowed) told.slowed = slowed;
  if (places) {
    const before = places.before + (calls - 1) * comes;
    if ((before + 1) * places.per_pass <= places.left * 0.9) told.odds = "likely";
    else told.odds = before + 1 <= places.wanted ? "possible" : "unlikely";
  }
  return told;
}

/** How long whoever stands there waits before reading the status again. `now` is the time of the room. */
export function readAgainAfterMs({ intervals, draws }, { state, ahead, opening }, now, random = Math.random()) {
  const { near_ms: near, far_ms: far, near_ahead, ahead_per_s } = intervals;
  const spread = 0.625 + random * 0.375;
  if (state === "gathering") {
    const until = Date.parse(draws.find((draw) => draw.opening === opening)?.opens_at) - now;
    if (until > 0 && until <= far) return until + DRAW_KNOWN_MS * (0.5 + random * 0.5);
    return (until > 0 ? far : near) * spread;
  }
  if (state === "closed") return far * spread;
  const untilInReach = state === "waiting" ? ((ahead - near_ahead) / ahead_per_s) * 1_000 : 0;
  return Math.min(Math.max(untilInReach, near), far) * spread;
}

/** Everybody learns of a draw within this time, and nobody in its first half: a cache may not have it yet. */
const DRAW_KNOWN_MS = 2_000;

/** One person in one room. */
export class Einlass {
  #url;
  #options;
  #kept;
  #aheadMs;
  #showAt;
  #lots = new Map();

  /** `url` is that of the room: https://…/v1/rooms/{room}. */
  constructor(url, options = {}) {
    this.#url = String(url).replace(/\/$/, "");
    this.#options = { fetch: (...request) => fetch(...request), ...options };
    this.#options.storage ??= browserStorage();
    this.#kept = this.#restored();
  }

  /** The ticket with what belongs to it, if there is one. */
  get ticket() {
    return this.#kept.ticket ? structuredClone(this.#kept) : null;
  }

  /** The time of the room, as far as its answers tell it. */
  get now() {
    return Date.now() + (this.#aheadMs ?? 0);
  }

  /** The public status. */
  async status({ signal } = {}) {
    return this.#saw((await this.#ask("GET", "", { signal })).body);
  }

  /**
   * Joins with what the room asks for: `{residence: {postcode}, identity}`. Whoever has a ticket keeps its entry; where
   * the room does not take it, a new one replaces it. The answer has a `pass` where nobody was waiting.
   */
  async join(door = {}, { signal } = {}) {
    // The same key gets the same entry, should the answer be lost.
    this.#keep({ key: this.#kept.key ?? randomKey() });
    const joined = await this.#retry(signal, () => this.#joined(door, signal));
    this.#keep({ key: undefined, pass: joined.pass ?? this.#kept.pass });
    return joined;
  }

  /** Where the ticket stands that was kept from earlier, as the room itself says; null without one. */
  async resume({ signal } = {}) {
    return this.#kept.ticket ? this.#retry(signal, () => this.#own("GET", "/ticket", { signal })) : null;
  }

  /**
   * Waits until the ticket is called, and tells `onChange` where it stands whenever that is read: the members of
   * `standing`, with `status`, and `error` while the room gives no answer. Resolves with the last one, whose state is
   * `called` or `used`. A room that is `closed` may be opened again, and is read on slowly: end that by `signal`.
   */
  async wait({ signal, onChange = () => {}, stream = this.#options.stream } = {}) {
    if (!this.#kept.ticket) throw new Error("join before waiting");
    const canCompute = Boolean(globalThis.crypto?.subtle);
    const source = stream && canCompute && globalThis.EventSource ? new StatusStream(`${this.#url}/stream`) : null;
    let last = {};
    try {
      for (let failures = 0; ; ) {
        signal?.throwIfAborted();
        let afterMs;
        try {
          last = canCompute ? await this.#computed(source, signal) : await this.#asked(signal);
          failures = 0;
          afterMs = last.afterMs;
          delete last.afterMs;
        } catch (error) {
          // A room that was lost is put back, and the ticket brings the place back with it.
          if (!error.isPassing && error.code !== "room-not-found") throw error;
          failures += 1;
          afterMs = backOffMs(error, failures);
          last = { ...last, error };
        }
        onChange(last);
        if (!last.error && OVER.has(last.state)) return last;
        await (source?.next(afterMs, signal) ?? pause(afterMs, signal));
      }
    } finally {
      source?.close();
    }
  }

  /** Takes the pass of a called ticket; waits while all are taken. The same pass again until it ends. */
  async pass({ signal } = {}) {
    const { pass } = this.#kept;
    if (pass && Date.parse(pass.expires_at) > this.now) return pass;
    const taken = await this.#retry(signal, () => this.#own("POST", "/passes", { signal }));
    this.#keep({ pass: { pass: taken.pass, expires_at: taken.expires_at } });
    return this.#kept.pass;
  }

  /**
   * Gives the pass back, if there is one, and forgets the ticket. Where a booking API reports for the room, the refusal
   * `leave-at-booking` says so, and nothing is forgotten: give the pass back there, then call `forget`.
   */
  async leave({ signal } = {}) {
    const { pass } = this.#kept;
    if (pass && Date.parse(pass.expires_at) > this.now) {
      await this.#ask("DELETE", "/passes/current", { signal, token: pass.pass });
    }
    this.forget();
  }

  /** Forgets the ticket, which nobody else has. */
  forget() {
    this.#begin({});
    this.#options.storage?.removeItem(this.#key);
  }

  /** With the ticket, if there is one; where the room goes on refusing it, for another, and it is kept until then. */
  async #joined(door, signal) {
    try {
      return await this.#joinedWith(this.#kept.ticket, door, signal);
    } catch (error) {
      if (error.code !== "ticket-invalid") throw error;
      return this.#joinedWith(undefined, door, signal);
    }
  }

  /** One try, or two where the room asks for a proof of work and the page has something that solves it. */
  async #joinedWith(token, door, signal) {
    const { solve } = this.#options;
    const headers = { "Idempotency-Key": this.#kept.key };
    const join = (body) => this.#own("POST", "/tickets", { signal, body, headers, token });
    try {
      return await join(door);
    } catch (error) {
      if (error.code !== "proof-required" || !solve) throw error;
      const challenge = await this.#options.fetch(String(new URL(error.problem.challenge, this.#url)), { signal });
      return join({ ...door, proof: await solve(await challenge.json()) });
    }
  }

  async #computed(source, signal) {
    const told = source?.take();
    const status = told ? this.#saw(told) : await this.status({ signal });
    source?.knows(status);
    if (status.epoch > this.#kept.epoch) return this.#shown(signal, status);
    const stands = await standing(status, this.#kept, this.#lots);
    if (this.#isWitness(status, stands)) {
      this.#keep({ shown: true });
      return this.#shown(signal, status);
    }
    return { ...stands, status, afterMs: readAgainAfterMs(status, stands, this.now) };
  }

  /** Whether it is time to have the ticket signed anew, which then proves the draw. */
  #isWitness({ intervals, draws }, { place }) {
    const { entry, lane, shown } = this.#kept;
    const isDrawn = place !== undefined && draws.some((draw) => draw.seed && isIn(draw, lane, entry));
    if (shown || !isDrawn) return false;
    this.#showAt ??= this.now + Math.random() * intervals.show_within_s * 1_000;
    return this.now >= this.#showAt;
  }

  /** Where the ticket stands, as the room says; whatever it answers, it has seen the ticket. */
  async #shown(signal, status) {
    const own = await this.#own("GET", "/ticket", { signal });
    this.#keep({ epoch: Math.max(status.epoch, own.epoch) });
    return { ...own, status, afterMs: readAgainAfterMs(status, own, this.now) };
  }

  async #asked(signal) {
    const own = await this.#own("GET", "/ticket", { signal });
    return { ...own, status: null, afterMs: own.poll_after_s * 1_000 };
  }

  /**
   * Asks with the ticket, and keeps what the answer says of it. An instance that is behind may not know the ticket yet,
   * so a 401 is asked about once more, some seconds later. The ticket is kept whatever the answer is.
   */
  async #own(method, path, request) {
    try {
      return await this.#askedOnce(method, path, request);
    } catch (error) {
      if (error.code !== "ticket-invalid") throw error;
      await pause(backOffMs(error, AFTER_SECONDS), request.signal);
      return this.#askedOnce(method, path, request);
    }
  }

  async #askedOnce(method, path, request) {
    const sent = { token: this.#kept.ticket, ...request };
    try {
      const { body } = await this.#ask(method, path, sent);
      if (!sent.token) this.#begin({ key: this.#kept.key });
      const { ticket, lane, entry, subject, issued_at, epoch } = { ...this.#kept, ...body };
      this.#keep({ ticket, lane, entry, subject, issued_at, epoch });
      if (body.now) this.#saw(body);
      return body;
    } catch (error) {
      if (error.problem?.ticket) this.#keep({ ticket: error.problem.ticket });
      throw error;
    }
  }

  async #ask(method, path, { signal, token, body, headers = {} }) {
    const { language } = this.#options;
    const sent = { ...headers };
    if (token) sent.Authorization = `Bearer ${token}`;
    if (body) sent["Content-Type"] = "application/json";
    if (language && path) sent["Accept-Language"] = language;
    let answer;
    let json;
    try {
      const init = { method, headers: sent, signal, body: body && JSON.stringify(body) };
      answer = await this.#options.fetch(this.#url + path, init);
      json = answer.status === 204 ? {} : await answer.json();
    } catch (error) {
      signal?.throwIfAborted();
      throw new EinlassError({ code: "offline", status: answer?.status ?? 0, ...this.#texts(OFFLINE) });
    }
    if (answer.ok) return { body: json };
    const retryAfterS = Number(answer.headers.get("retry-after")) || json.retry_after_s;
    throw new EinlassError({ status: answer.status, ...json }, retryAfterS);
  }

  /** Again while there may be an answer later. */
  async #retry(signal, request) {
    for (let failures = 1; ; failures += 1) {
      try {
        return await request();
      } catch (error) {
        if (!error.isPassing) throw error;
        await pause(backOffMs(error, failures), signal);
      }
    }
  }

  /** A cache makes an answer older, never younger: the one that is ahead most tells the time best. */
  #saw(answer) {
    const aheadMs = Date.parse(answer.now) - Date.now();
    const isSet = this.#aheadMs === undefined || Math.abs(aheadMs - this.#aheadMs) > 30_000;
    this.#aheadMs = isSet ? aheadMs : Math.max(aheadMs, this.#aheadMs);
    return answer;
  }

  #texts(texts) {
    return texts[(this.#options.language ?? globalThis.navigator?.language ?? "en").startsWith("de") ? "de" : "en"];
  }

  get #key() {
    return `einlass ${this.#url}`;
  }

  #restored() {
    try {
      return JSON.parse(this.#options.storage?.getItem(this.#key) ?? "{}");
    } catch {
      return {};
    }
  }

  /** Another ticket, or none: nothing of the one before counts any more. */
  #begin(kept) {
    this.#kept = kept;
    this.#lots.clear();
    this.#showAt = undefined;
  }

  #keep(news) {
    Object.assign(this.#kept, news);
    this.#options.storage?.setItem(this.#key, JSON.stringify(this.#kept));
  }
}

const OVER = new Set(["called", "used"]);

/** The same document as the status, told whenever it changes. */
class StatusStream {
  #source;
  #latest = null;
  #isNews = false;
  #wake = () => {};

  constructor(url) {
    this.#source = new EventSource(url);
    const take = ({ data }) => {
      this.#latest = JSON.parse(data);
      this.#isNews = true;
      this.#wake();
    };
    this.#source.addEventListener("message", take);
    this.#source.addEventListener("status", take);
    // The browser connects again by itself; meanwhile the status is read.
    this.#source.addEventListener("error", () => {
      this.#latest = null;
    });
  }

  /** What was told last; null where it has to be read. */
  take() {
    this.#isNews = false;
    return this.#latest;
  }

  /** As long as the stream is there, it tells what changes. */
  knows(status) {
    if (this.#source.readyState === 1 && !this.#isNews) this.#latest = status;
  }

  /** Until the next event. Without a stream for that time; with one in which nothing changes, for half a minute. */
  async next(afterMs, signal) {
    if (this.#isNews) return;
    const silentMs = this.#latest ? Math.max(afterMs, SILENT_MS) : afterMs;
    const isWoken = await pause(silentMs, signal, (wake) => {
      this.#wake = wake;
    });
    if (!isWoken) this.#latest = null;
  }

  close() {
    this.#source.close();
  }
}

const SILENT_MS = 30_000;

function backOffMs({ retryAfterS, problem }, failures) {
  const saidMs = (retryAfterS ?? problem.retry_after_s ?? 0) * 1_000;
  const ownMs = Math.min(BACK_OFF_MS * 2 ** (failures - 1), 30_000);
  return (saidMs || ownMs) * (1 + Math.random() * 0.25);
}

/** Gives whether it was woken before its time. */
function pause(ms, signal, wakeBy = () => {}) {
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      settle(value);
    };
    const stop = () => end(reject, signal.reason);
    const timer = setTimeout(() => end(resolve, false), ms);
    wakeBy(() => end(resolve, true));
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
  });
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** None in a page that may not store anything. */
function browserStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
