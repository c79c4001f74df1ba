"""A citizen's way with the clients that openapi-python-client makes of both documents: join, wait, take the pass, hold,
book, show, cancel."""

import datetime
import sys
import time
import uuid

import booking
import waiting_room
from booking.api.bookings import book_hold, cancel_booking, show_booking
from booking.api.campaigns import list_slots
from booking.api.holds import create_hold, show_hold
from booking.api.passes import end_pass
from booking.models import (
    AlreadyBookedProblem,
    CancelledBooking,
    ConfirmedBooking,
    NewBookingOnHold,
    NewHold,
    NewlyBooked,
    NewPerson,
    PassExhaustedProblem,
)
from waiting_room.api.rooms import join, redeem, show_ticket
from waiting_room.models import CalledTicket, Join, NotYourTurnProblem, Residence, TakenPass, WaitingTicket

room_url, booking_url, campaign = sys.argv[1:]


def key() -> str:
    return str(uuid.uuid4())


def as_who(package, url: str, token: str):
    return package.AuthenticatedClient(base_url=url, token=token)


def given(kind, answer):
    assert isinstance(answer, kind), f"expected {kind}, got {answer}"
    return answer


def get_pass() -> str:
    # Whoever joins has no token yet.
    anybody = waiting_room.Client(base_url=room_url)
    residence = Residence(postcode="67346")
    joined = join.sync(campaign, client=anybody, body=Join(residence=residence), idempotency_key=key())
    ticket = joined.ticket
    for _ in range(60):
        answer = show_ticket.sync(campaign, client=as_who(waiting_room, room_url, ticket))
        ticket = answer.ticket or ticket
        if isinstance(answer, WaitingTicket):
            assert answer.place >= 0 and answer.ahead >= 0
        if isinstance(answer, CalledTicket):
            break
        time.sleep(answer.poll_after_s)
    for _ in range(60):
        taken = redeem.sync(campaign, client=as_who(waiting_room, room_url, ticket))
        # Even a called ticket waits while all passes are taken.
        if not isinstance(taken, NotYourTurnProblem):
            return given(TakenPass, taken).pass_
        time.sleep(taken.retry_after_s)
    raise TimeoutError("no pass was free")


def book(client, slot: str) -> NewlyBooked:
    hold = create_hold.sync(campaign, client=client, body=NewHold(slot=slot, seats=2), idempotency_key=key())
    person = NewPerson(given_name="Max", family_name="Mustermann", date_of_birth=datetime.date(1980, 2, 29))
    body = NewBookingOnHold(person=person)
    booked = given(NewlyBooked, book_hold.sync(hold.id, client=client, body=body, idempotency_key=key()))
    assert show_hold.sync(hold.id, client=client).seats_booked == 1
    given(AlreadyBookedProblem, book_hold.sync(hold.id, client=client, body=body, idempotency_key=key()))
    wanted = NewHold(slot=slot, seats=4)
    refused = create_hold.sync(campaign, client=client, body=wanted, idempotency_key=key())
    assert given(PassExhaustedProblem, refused).seats_left < 4
    return booked


def cancel(booked: NewlyBooked) -> None:
    owner = as_who(booking, booking_url, booked.manage_token)
    shown = given(ConfirmedBooking, show_booking.sync(booked.id, client=owner))
    assert shown.person.given_name == "Max"
    cancel_booking.sync(booked.id, client=owner, idempotency_key=key())
    given(CancelledBooking, show_booking.sync(booked.id, client=owner))


def main() -> None:
    client = as_who(booking, booking_url, get_pass())
    slots = list_slots.sync(campaign, client=booking.Client(base_url=booking_url)).slots
    slot = next(slot for slot in slots if slot.places_left >= 4)
    cancel(book(client, slot.id))
    assert end_pass.sync_detailed(campaign, client=client).status_code == 204
    print("walked")


main()
