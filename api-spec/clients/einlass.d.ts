/** The waiting room in a page: join, wait, take the pass, resume, leave. */

/** A problem of the API's catalogue. */
export interface Problem {
  code: string;
  status: number;
  title: string;
  detail?: string;
  retry_after_s?: number;
  [member: string]: unknown;
}

/** A refusal, or no answer at all (`code` `offline`). Texts are for people, in the language that was asked for. */
export class EinlassError extends Error {
  constructor(problem: Problem, retryAfterS?: number);
  readonly problem: Problem;
  readonly code: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly retryAfterS?: number;
  /** Whether the same request may be answered later. */
  readonly isPassing: boolean;
}

/** The public status of a room, as far as this module reads it. */
export interface Status {
  room: string;
  epoch: number;
  phase: string;
  now: string;
  message: { de: string; en: string } | null;
  places_left: number | null;
  next_opening: { index: number; opens_at: string; gathers_from: string } | null;
  [member: string]: unknown;
}

/** What joining answers of a ticket, and what is computed with. */
export interface Entry {
  lane: string;
  entry: number;
  subject: string;
  issued_at: string;
}

/** Where a ticket stands. Show a state that you do not know as waiting. */
export interface Standing {
  state: "gathering" | "waiting" | "called" | "used" | "closed" | (string & {});
  /** The opening whose draw is waited for. */
  opening?: number;
  place?: number;
  ahead?: number;
  estimated_wait_s?: { low: number; high: number };
  slowed?: "paused" | "booking_slow" | "places_short" | (string & {});
  odds?: "likely" | "possible" | "unlikely" | (string & {});
}

/** Where a ticket stands, while waiting. */
export interface Waiting extends Standing {
  /** What it was computed from; null where the ticket was asked with. */
  status: Status | null;
  /** Why the last answer is missing; then the rest is from the one before. */
  error?: EinlassError;
}

export interface Pass {
  /** The signed pass: a bearer token. */
  pass: string;
  expires_at: string;
}

/** What the room asks at the door, as its status says. */
export interface Door {
  residence?: { postcode: string; ags?: string };
  identity?: { given_name: string; family_name: string; date_of_birth: string } | { email: string };
}

export interface Joined extends Standing, Entry {
  ticket: string;
  epoch: number;
  /** Where nobody was waiting. */
  pass?: Pass;
  [member: string]: unknown;
}

export interface Options {
  /** Where the ticket is kept; `localStorage` if nothing is said, nowhere if null. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
  /** The language of problems: `de` or `en`; the browser's if nothing is said. */
  language?: string;
  /** Whether to follow the stream of the status instead of reading it, where there is one. */
  stream?: boolean;
  /**
   * Solves a challenge of ALTCHA and gives the proof, where the room asks for one before it lets somebody join. Without
   * it the module waits as long as the room says, and gets in later.
   */
  solve?: (challenge: unknown) => Promise<string>;
  fetch?: typeof fetch;
}

export interface Abortable {
  signal?: AbortSignal;
}

/** One person in one room. */
export class Einlass {
  /** `url` is that of the room: `https://…/v1/rooms/{room}`. */
  constructor(url: string | URL, options?: Options);
  /** The ticket with what belongs to it, if there is one. */
  readonly ticket: (Entry & { ticket: string; epoch: number; pass?: Pass }) | null;
  /** The time of the room in milliseconds, as far as its answers tell it. */
  readonly now: number;
  /** The public status. */
  status(options?: Abortable): Promise<Status>;
  /**
   * Joins; whoever has a ticket keeps its entry. A ticket that the room goes on refusing is replaced once there is
   * another. Repeats itself while the room is busy.
   */
  join(door?: Door, options?: Abortable): Promise<Joined>;
  /** Where the ticket stands that was kept from earlier; null without one. */
  resume(options?: Abortable): Promise<(Standing & Entry) | null>;
  /**
   * Waits until the ticket is `called` or `used`. While the room is `closed`, which can be taken back, `onChange` is told
   * so, and it is read on slowly until `signal` ends that.
   */
  wait(options?: Abortable & { onChange?: (waiting: Waiting) => void; stream?: boolean }): Promise<Waiting>;
  /** Takes the pass of a called ticket; waits while all are taken. */
  pass(options?: Abortable): Promise<Pass>;
  /** Gives the pass back and forgets the ticket. */
  leave(options?: Abortable): Promise<void>;
  /** Forgets the ticket, which nobody else has. */
  forget(): void;
}

/** Where a ticket stands, computed from a status of its room. */
export function standing(status: Status, ticket: Entry, lots?: Map<string, bigint>): Promise<Standing>;

/** How many milliseconds whoever stands there waits before reading the status again. */
export function readAgainAfterMs(status: Status, standing: Standing, now: number, random?: number): number;
