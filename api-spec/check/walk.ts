// A citizen's way with the types that openapi-typescript makes of both documents: join, wait, take the pass, hold, book,
// show, cancel. `tsc` checks that the types are enough; Node runs it against running services.

import createClient from "openapi-fetch";
import type { components as Room, paths as RoomPaths } from "./waiting-room.ts";
import type { components as Booking, paths as BookingPaths } from "./booking.ts";

const [roomUrl, bookingUrl, campaign] = process.argv.slice(2) as [string, string, string];
const room = createClient<RoomPaths>({ baseUrl: roomUrl });
const booking = createClient<BookingPaths>({ baseUrl: bookingUrl });

type Ticket = Room["schemas"]["OwnTicket"];
type KnownTicket = Room["schemas"]["KnownTicket"];
type Problem = Booking["schemas"]["Problem"];

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** The body, or an error that shows the problem. */
function given<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  check(answer.data !== undefined, `${answer.response.url}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const key = () => crypto.randomUUID();
const seconds = (s: number) => new Promise((wake) => setTimeout(wake, s * 1_000));

/** A page shows a state that it does not know as waiting. */
function places(ticket: Ticket): number | null {
  const known = ticket as KnownTicket;
  switch (known.state) {
    case "waiting":
      return known.ahead; // never null: a waiting ticket has its place
    case "called":
      return 0;
    case "gathering":
    case "used":
    case "closed":
      return null;
    default:
      known satisfies never; // none that is known is left
      return null;
  }
}

async function getPass(): Promise<string> {
  const params = { path: { room: campaign } };
  const joined = given(
    await room.POST("/v1/rooms/{room}/tickets", {
      params: { ...params, header: { "Idempotency-Key": key() } },
      body: { residence: { postcode: "67346" } },
    }),
  );
  let ticket = joined.ticket;
  for (let polls = 0; polls < 60; polls += 1) {
    const answer = given(
      await room.GET("/v1/rooms/{room}/ticket", { params, headers: bearer(ticket) }),
    );
    ticket = answer.ticket ?? ticket;
    console.log(answer.state, places(answer));
    if (answer.state === "called") break;
    await seconds(answer.poll_after_s);
  }
  for (let attempts = 0; attempts < 60; attempts += 1) {
    const answer = await room.POST("/v1/rooms/{room}/passes", { params, headers: bearer(ticket) });
    // Even a called ticket waits while all passes are taken.
    if (answer.error?.code !== "not-your-turn") return given(answer).pass;
    await seconds(answer.error.retry_after_s ?? 1);
  }
  throw new Error("no pass was free");
}

async function book(pass: string, slot: string) {
  const headers = bearer(pass);
  const hold = given(
    await booking.POST("/v1/campaigns/{campaign}/holds", {
      params: { path: { campaign }, header: { "Idempotency-Key": key() } },
      headers,
      body: { slot, seats: 2 },
    }),
  );
  const person = { given_name: "Erika", family_name: "Mustermann", date_of_birth: "1980-02-29" };
  const register = () =>
    booking.POST("/v1/holds/{hold}/bookings", {
      params: { path: { hold: hold.id }, header: { "Idempotency-Key": key() } },
      headers,
      body: { person },
    });
  const booked = given(await register());
  check("manage_token" in booked, "one person was sent, and not several");
  const shown = given(
    await booking.GET("/v1/holds/{hold}", { params: { path: { hold: hold.id } }, headers }),
  );
  check(shown.seats_booked === 1, "one seat has its person");
  const twice = await register();
  check(twice.error !== undefined && twice.error.code === "already-booked", "nobody is booked twice");
  return booked;
}

async function cancel({ id, manage_token }: Booking["schemas"]["NewlyBooked"]) {
  const headers = bearer(manage_token);
  const path = { booking: id };
  const shown = given(await booking.GET("/v1/bookings/{booking}", { params: { path }, headers }));
  check(shown.status === "confirmed", "the booking is there");
  const params = { path, header: { "Idempotency-Key": key() } };
  given(await booking.POST("/v1/bookings/{booking}/cancellation", { params, headers }));
  const after = given(await booking.GET("/v1/bookings/{booking}", { params: { path }, headers }));
  const known = after as Booking["schemas"]["KnownBooking"];
  check(known.status === "cancelled", "the booking is cancelled");
  check(known.cancelled_at.length > 0, "and says when");
}

/** What a page decides on is in the type of the refusal. */
async function refused(pass: string, slot: string) {
  const { error } = await booking.POST("/v1/campaigns/{campaign}/holds", {
    params: { path: { campaign }, header: { "Idempotency-Key": key() } },
    headers: bearer(pass),
    body: { slot, seats: 4 },
  });
  check(error !== undefined, "a pass for four has one seat less while a hold is open");
  const problem: Problem = error;
  check(problem.code === "pass-exhausted", problem.code);
  const exhausted = error as Booking["schemas"]["PassExhaustedProblem"];
  check(exhausted.seats_left < 4, "it says how many are left");
}

const pass = await getPass();
const slots = given(
  await booking.GET("/v1/campaigns/{campaign}/slots", { params: { path: { campaign } } }),
);
const slot = slots.slots.find((slot) => slot.places_left >= 4);
check(slot !== undefined, "a slot has places");
const booked = await book(pass, slot.id);
await refused(pass, slot.id);
await cancel(booked);
const ended = await booking.DELETE("/v1/campaigns/{campaign}/passes/current", {
  params: { path: { campaign } },
  headers: bearer(pass),
});
check(ended.response.status === 204, "the pass is given back");
console.log("walked");
