//! The closed catalogue of problems of both services.

use actix_web::http::StatusCode;

#[macro_use]
mod entry;

pub use self::entry::{Entry, Text};

catalogue! {
    IdempotencyKeyMissing "idempotency-key-missing" BAD_REQUEST {
        en: "The Idempotency-Key is missing", "Send a new random Idempotency-Key header with each new request, and the same one when you repeat it.";
        de: "Der Idempotency-Key fehlt", "Senden Sie mit jeder neuen Anfrage einen neuen zufälligen Header Idempotency-Key, bei einer Wiederholung denselben.";
    }
    InvalidRequest "invalid-request" BAD_REQUEST {
        en: "Something in the request is not right", "Please correct what is listed under errors and send it again.";
        de: "Etwas an der Anfrage stimmt nicht", "Bitte berichtigen Sie, was unter errors genannt ist, und senden Sie sie noch einmal.";
    }
    RequestMalformed "request-malformed" BAD_REQUEST {
        en: "The request cannot be read", "It does not follow HTTP/1.1. Please check the program that sent it.";
        de: "Die Anfrage lässt sich nicht lesen", "Sie entspricht nicht HTTP/1.1. Bitte prüfen Sie das Programm, das sie gesendet hat.";
    }
    MailReportTokenInvalid "mail-report-token-invalid" UNAUTHORIZED {
        en: "The token of the reports about mail is not accepted", "This address is for the operator's mail provider. Check that it sends the token that is configured here.";
        de: "Der Token der Berichte über E-Mails wird nicht angenommen", "Diese Adresse ist für den E-Mail-Dienst des Betreibers. Prüfen Sie, ob er den Token sendet, der hier eingerichtet ist.";
    }
    ManageTokenInvalid "manage-token-invalid" UNAUTHORIZED {
        en: "This link does not open a booking", "Please use the complete link from your confirmation.";
        de: "Dieser Link öffnet keine Buchung", "Bitte verwenden Sie den vollständigen Link aus Ihrer Bestätigung.";
    }
    PassInvalid "pass-invalid" UNAUTHORIZED {
        en: "Your time for booking has run out", "The pass is missing, has expired or is not genuine. Please go back to the waiting room.";
        de: "Ihre Zeit zum Buchen ist abgelaufen", "Der Pass fehlt, ist abgelaufen oder nicht echt. Bitte gehen Sie zurück in den Warteraum.";
    }
    PassRequired "pass-required" UNAUTHORIZED {
        en: "You need a pass from the waiting room for this", "Please go through the waiting room first; its page is in `waiting_page`, where there is one. A pass that you had has expired or was given back.";
        de: "Hierfür brauchen Sie einen Pass aus dem Warteraum", "Bitte gehen Sie zuerst durch den Warteraum; seine Seite steht in `waiting_page`, wenn es eine gibt. Ein Pass, den Sie hatten, ist abgelaufen oder wurde zurückgegeben.";
    }
    ServiceCredentialInvalid "service-credential-invalid" UNAUTHORIZED {
        en: "The service credential is not accepted", "This address is for the booking system of this campaign. Check that both services are configured with the same credential.";
        de: "Die Kennung des Dienstes wird nicht angenommen", "Diese Adresse ist für das Buchungssystem dieser Aktion. Prüfen Sie, ob beide Dienste mit derselben Kennung eingerichtet sind.";
    }
    StaffTokenInvalid "staff-token-invalid" UNAUTHORIZED {
        en: "The token of staff is not accepted", "This address is for the town hall. Send Authorization: Bearer with a token from einlass token issue or from your identity provider; the header WWW-Authenticate says what is wrong with this one.";
        de: "Der Token der Mitarbeitenden wird nicht angenommen", "Diese Adresse ist für die Verwaltung. Senden Sie Authorization: Bearer mit einem Token von einlass token issue oder von Ihrem Anmeldedienst; was an diesem nicht stimmt, steht im Header WWW-Authenticate.";
    }
    TicketInvalid "ticket-invalid" UNAUTHORIZED {
        en: "This ticket is not valid", "The ticket is missing, incomplete, or from another or an earlier waiting room. Please enter the waiting room again.";
        de: "Dieses Ticket ist nicht gültig", "Das Ticket fehlt, ist unvollständig oder stammt aus einem anderen oder früheren Warteraum. Bitte betreten Sie den Warteraum neu.";
    }
    WaitlistTokenInvalid "waitlist-token-invalid" UNAUTHORIZED {
        en: "This link does not open a place on the waitlist", "Please use the complete link that you got when you joined the waitlist, or that of your offer.";
        de: "Dieser Link öffnet keinen Platz auf der Nachrückliste", "Bitte verwenden Sie den vollständigen Link, den Sie beim Eintragen oder mit Ihrem Angebot bekommen haben.";
    }
    NotAllowed "not-allowed" FORBIDDEN {
        en: "Your role does not allow this", "One of those under roles is needed, and for this campaign. Whoever gives out the tokens at your town hall can help.";
        de: "Ihre Rolle erlaubt das nicht", "Nötig ist eine von denen unter roles, und zwar für diese Aktion. Wer bei Ihrer Verwaltung die Token ausgibt, kann helfen.";
    }
    NotEligible "not-eligible" FORBIDDEN {
        en: "This campaign is not for you", "It is for people who live in its municipalities, and may be for certain ages only. Please ask your own municipality which offers there are for you.";
        de: "Diese Aktion ist nicht für Sie vorgesehen", "Sie gilt für Menschen, die in den Gemeinden der Aktion wohnen, und manchmal nur für bestimmte Jahrgänge. Bitte fragen Sie Ihre Gemeinde, welche Angebote es für Sie gibt.";
    }
    NotThePersonOfThePass "not-the-person-of-the-pass" FORBIDDEN {
        en: "This pass is for somebody else", "Please book first for the person named when entering the waiting room, with the same name and date of birth or the same e-mail address. After that, others in the same car can be booked.";
        de: "Dieser Pass gilt für eine andere Person", "Bitte buchen Sie zuerst für die Person, die beim Betreten des Warteraums genannt wurde, mit demselben Namen und Geburtsdatum oder derselben E-Mail-Adresse. Danach können weitere Personen im selben Auto gebucht werden.";
    }
    OriginNotListed "origin-not-listed" FORBIDDEN {
        en: "This page may not do that for you", "The request comes from a page of another web site. Its operator can list it in the campaign file, under `guard.protects`.";
        de: "Diese Seite darf das nicht für Sie tun", "Die Anfrage kommt von einer Seite eines anderen Webauftritts. Der Betreiber kann ihn in der Datei der Aktion unter `guard.protects` eintragen.";
    }
    PassWrongCampaign "pass-wrong-campaign" FORBIDDEN {
        en: "Your pass is for another campaign", "Please book in the campaign whose waiting room you come from, or enter the waiting room of this one.";
        de: "Ihr Pass gilt für eine andere Aktion", "Bitte buchen Sie in der Aktion, aus deren Warteraum Sie kommen, oder betreten Sie den Warteraum dieser Aktion.";
    }
    BookingNotFound "booking-not-found" NOT_FOUND {
        en: "This booking does not exist", "Please check the link from your confirmation.";
        de: "Diese Buchung gibt es nicht", "Bitte prüfen Sie den Link aus Ihrer Bestätigung.";
    }
    CampaignNotFound "campaign-not-found" NOT_FOUND {
        en: "This campaign does not exist", "Please check the address.";
        de: "Diese Aktion gibt es nicht", "Bitte prüfen Sie die Adresse.";
    }
    CarNotFound "car-not-found" NOT_FOUND {
        en: "Nobody comes in this car", "Please check the code, or ask whoever gave it to you: they may have cancelled, or come at another time.";
        de: "In diesem Auto kommt niemand", "Bitte prüfen Sie den Code, oder fragen Sie die Person, von der Sie ihn haben: Vielleicht hat sie abgesagt oder verlegt.";
    }
    HoldNotFound "hold-not-found" NOT_FOUND {
        en: "This reservation does not exist", "It may belong to another pass. Please choose a time again.";
        de: "Diese Reservierung gibt es nicht", "Vielleicht gehört sie zu einem anderen Pass. Bitte wählen Sie noch einmal eine Uhrzeit.";
    }
    NotFound "not-found" NOT_FOUND {
        en: "There is nothing here", "Please check the address.";
        de: "Hier ist nichts", "Bitte prüfen Sie die Adresse.";
    }
    OfferNotFound "offer-not-found" NOT_FOUND {
        en: "This offer does not exist", "It may be for somebody else. Please use the complete link from your message.";
        de: "Dieses Angebot gibt es nicht", "Vielleicht gilt es für jemand anderen. Bitte verwenden Sie den vollständigen Link aus Ihrer Nachricht.";
    }
    ResumeCodeNotFound "resume-code-not-found" NOT_FOUND {
        en: "This code opens nothing", "Please check it. A code is good for a few minutes and once only; the device that has your place shows you a new one. Nothing is lost.";
        de: "Dieser Code öffnet nichts", "Bitte prüfen Sie ihn. Ein Code gilt einige Minuten und nur einmal; das Gerät, das Ihren Platz hat, zeigt Ihnen einen neuen. Es ist nichts verloren.";
    }
    RoomNotFound "room-not-found" NOT_FOUND {
        en: "This waiting room does not exist", "Please check the address.";
        de: "Diesen Warteraum gibt es nicht", "Bitte prüfen Sie die Adresse.";
    }
    SlotNotFound "slot-not-found" NOT_FOUND {
        en: "This time is not offered", "Please choose one of the times in the list.";
        de: "Diese Uhrzeit wird nicht angeboten", "Bitte wählen Sie eine der Uhrzeiten aus der Liste.";
    }
    WaitlistEntryNotFound "waitlist-entry-not-found" NOT_FOUND {
        en: "This entry of the waitlist does not exist", "Please check the link that you got when you joined.";
        de: "Diesen Eintrag auf der Nachrückliste gibt es nicht", "Bitte prüfen Sie den Link, den Sie beim Eintragen bekommen haben.";
    }
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED {
        en: "This address does not know the method", "Use one of the methods in the Allow header.";
        de: "Diese Adresse kennt die Methode nicht", "Verwenden Sie eine der Methoden im Header Allow.";
    }
    RequestTimeout "request-timeout" REQUEST_TIMEOUT {
        en: "The request took too long to arrive", "Please check your connection and try again.";
        de: "Die Anfrage kam nicht rechtzeitig an", "Bitte prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.";
    }
    AlreadyBooked "already-booked" CONFLICT {
        en: "This person already has a place", "Each person can have one place in this campaign. To change it, please use the link from its confirmation.";
        de: "Diese Person hat schon einen Platz", "Jede Person kann in dieser Aktion einen Platz haben. Um ihn zu ändern, nutzen Sie bitte den Link aus der Bestätigung.";
    }
    AlreadyCancelled "already-cancelled" CONFLICT {
        en: "This booking is cancelled already", "You need not do anything else; the place is free for somebody else.";
        de: "Diese Buchung ist schon abgesagt", "Sie müssen nichts weiter tun; der Platz kommt anderen zugute.";
    }
    AlreadyWaiting "already-waiting" CONFLICT {
        en: "This person is on the waitlist already", "Each person waits once. To see how it stands, please use the link that you got when you joined.";
        de: "Diese Person steht schon auf der Nachrückliste", "Jede Person wartet einmal. Um zu sehen, wie es steht, nutzen Sie bitte den Link, den Sie beim Eintragen bekommen haben.";
    }
    CarAtAnotherTime "car-at-another-time" CONFLICT {
        en: "This car comes at another time", "Please choose the time of the car, or book without the car.";
        de: "Dieses Auto kommt zu einer anderen Uhrzeit", "Bitte wählen Sie die Uhrzeit des Autos, oder buchen Sie ohne das Auto.";
    }
    CarFull "car-full" CONFLICT {
        en: "This car has not enough seats left", "At most four people come in one car. Please book without the car.";
        de: "In diesem Auto sind nicht genug Plätze frei", "Höchstens vier Personen kommen in einem Auto. Bitte buchen Sie ohne das Auto.";
    }
    HoldEnded "hold-ended" CONFLICT {
        en: "This reservation has ended", "It has expired, was given back or is complete. If you need another place, please choose a time again.";
        de: "Diese Reservierung ist beendet", "Sie ist abgelaufen, zurückgegeben oder vollständig. Wenn Sie noch einen Platz brauchen, wählen Sie bitte noch einmal eine Uhrzeit.";
    }
    HoldNotRenewable "hold-not-renewable" CONFLICT {
        en: "This reservation cannot be extended again", "Please complete the booking before the reservation ends.";
        de: "Diese Reservierung kann nicht noch einmal verlängert werden", "Bitte schließen Sie die Buchung ab, bevor die Reservierung endet.";
    }
    LeaveAtBooking "leave-at-booking" CONFLICT {
        en: "The pass is given back at the booking system", "Send DELETE /v1/campaigns/{campaign}/passes/current with the pass to the booking API. Only the booking system can make sure that nothing new begins with it.";
        de: "Der Pass wird beim Buchungssystem zurückgegeben", "Senden Sie DELETE /v1/campaigns/{campaign}/passes/current mit dem Pass an die Buchungs-API. Nur das Buchungssystem kann sicherstellen, dass mit ihm nichts Neues beginnt.";
    }
    MailNotPossible "mail-not-possible" CONFLICT {
        en: "The confirmation cannot be sent by e-mail", "There is no e-mail address with this booking, or it was sent a few minutes ago, or several times already. Your place is certain without it: save or print this page.";
        de: "Die Bestätigung kann nicht per E-Mail gesendet werden", "Zu dieser Buchung gibt es keine E-Mail-Adresse, oder sie wurde erst vor wenigen Minuten oder schon mehrmals gesendet. Ihr Platz ist auch ohne sie sicher: Speichern oder drucken Sie diese Seite.";
    }
    NotYourTurn "not-your-turn" CONFLICT {
        en: "It is not your turn yet", "Your place in line is safe. You need not do anything; please wait a little longer.";
        de: "Sie sind noch nicht an der Reihe", "Ihr Platz in der Schlange ist sicher. Sie müssen nichts tun; bitte warten Sie noch ein wenig.";
    }
    OfferExpired "offer-expired" CONFLICT {
        en: "The time for this offer has run out", "The place went to somebody else. You are still on the waitlist, behind those who have missed no offer, and need not do anything.";
        de: "Die Zeit für dieses Angebot ist abgelaufen", "Den Platz hat jemand anderes bekommen. Sie stehen weiter auf der Nachrückliste, hinter denen, die noch kein Angebot verpasst haben, und müssen nichts tun.";
    }
    OfferOver "offer-over" CONFLICT {
        en: "This offer is not open any more", "It was answered already, or its place is not given any more. Please look at your entry of the waitlist to see how it stands.";
        de: "Dieses Angebot ist nicht mehr offen", "Es wurde schon beantwortet, oder der Platz wird nicht mehr vergeben. Bitte sehen Sie in Ihrem Eintrag auf der Nachrückliste, wie es steht.";
    }
    PassEnded "pass-ended" CONFLICT {
        en: "You have left", "Nothing new can be reserved or booked with this pass. What you had reserved before you can still complete or give up, and your bookings stay valid.";
        de: "Sie sind gegangen", "Mit diesem Pass kann nichts Neues mehr reserviert oder gebucht werden. Was Sie vorher reserviert haben, können Sie noch abschließen oder zurückgeben, und Ihre Buchungen bleiben gültig.";
    }
    PassExhausted "pass-exhausted" CONFLICT {
        en: "All seats of your pass are used", "A pass is for the people in one car. For further people, please enter the waiting room again.";
        de: "Alle Plätze Ihres Passes sind vergeben", "Ein Pass gilt für die Menschen in einem Auto. Für weitere Personen betreten Sie bitte den Warteraum noch einmal.";
    }
    PassUsed "pass-used" CONFLICT {
        en: "This ticket has already let you in", "Its pass has been used or has expired. If somebody else needs a place, please enter the waiting room again.";
        de: "Mit diesem Ticket waren Sie schon an der Reihe", "Sein Pass ist verbraucht oder abgelaufen. Wenn noch jemand einen Platz braucht, betreten Sie bitte den Warteraum noch einmal.";
    }
    PersonErased "person-erased" CONFLICT {
        en: "Nobody is named in this booking any more", "Whose booking it was has been erased, as they wanted. Nothing in it can be changed any more.";
        de: "In dieser Buchung steht niemand mehr", "Wem sie gehörte, wurde auf Wunsch gelöscht. An ihr lässt sich nichts mehr ändern.";
    }
    PlaceGone "place-gone" CONFLICT {
        en: "Others were faster", "The place was offered to several people and is taken. You have lost nothing: you are on the waitlist where you were, and get the next offer before others.";
        de: "Andere waren schneller", "Der Platz wurde mehreren angeboten und ist vergeben. Sie haben nichts verloren: Sie stehen auf der Nachrückliste, wo Sie waren, und bekommen das nächste Angebot vor anderen.";
    }
    PriorityCodeUsed "priority-code-used" CONFLICT {
        en: "This priority code was used before", "Each code is good for one entry. If it was you, go on with the ticket that you got; you can also join without a code.";
        de: "Dieser Vorrang-Code wurde schon benutzt", "Jeder Code gilt für ein Mal. Wenn Sie das waren, machen Sie mit Ihrem Ticket weiter; ohne Code können Sie sich auch anstellen.";
    }
    PriorityCodesFull "priority-codes-full" CONFLICT {
        en: "So many priority codes cannot be kept apart", "A line has at most 200 batches and about a million codes, and 500 codes that are revoked one by one. Revoke whole batches; a new line of the room begins anew.";
        de: "So viele Vorrang-Codes lassen sich nicht unterscheiden", "Eine Warteschlange hat höchstens 200 Stapel und etwa eine Million Codes, und 500 Codes, die einzeln zurückgezogen sind. Ziehen Sie ganze Stapel zurück; eine neue Warteschlange des Raums beginnt von vorn.";
    }
    PriorityWithoutShare "priority-without-share" CONFLICT {
        en: "The lane for priority codes has no share", "With a code people would come later than without. Give the lane priority a share of the pace first.";
        de: "Die Reihe für Vorrang-Codes hat keinen Anteil", "Mit einem Code kämen Menschen später an die Reihe als ohne. Geben Sie der Reihe priority zuerst einen Anteil am Tempo.";
    }
    RefusedTooOften "refused-too-often" CONFLICT {
        en: "Too many other people were named with this pass", "With this pass nobody else can be booked. If somebody still needs a place, please enter the waiting room again.";
        de: "Mit diesem Pass wurden zu viele andere Personen genannt", "Mit diesem Pass kann niemand weiter gebucht werden. Falls jemand noch einen Platz braucht, betreten Sie bitte den Warteraum noch einmal.";
    }
    RequestInProgress "request-in-progress" CONFLICT {
        en: "We are still working on this request", "Please wait a moment and repeat it unchanged.";
        de: "Wir bearbeiten diese Anfrage noch", "Bitte warten Sie einen Augenblick und wiederholen Sie sie unverändert.";
    }
    RoomNotOpen "room-not-open" CONFLICT {
        en: "The waiting room is not open yet", "Please come back at the time shown. Everybody who is there before the opening has the same chance; you need not hurry.";
        de: "Der Warteraum ist noch nicht geöffnet", "Bitte kommen Sie zur angezeigten Zeit wieder. Alle, die vor dem Start da sind, haben die gleiche Chance; Sie müssen sich nicht beeilen.";
    }
    SlotBegun "slot-begun" CONFLICT {
        en: "The time of this booking has begun", "It could be changed only before. Please go to the place named in your confirmation, or ask your municipality.";
        de: "Die Uhrzeit dieser Buchung hat begonnen", "Ändern ließ sie sich nur vorher. Bitte kommen Sie an den Ort in Ihrer Bestätigung, oder fragen Sie Ihre Gemeinde.";
    }
    SlotFull "slot-full" CONFLICT {
        en: "Not enough places are free at this time", "Please choose another time. Places can become free again at any moment.";
        de: "Zu dieser Uhrzeit sind nicht genug Plätze frei", "Bitte wählen Sie eine andere Uhrzeit. Es können jederzeit wieder Plätze frei werden.";
    }
    WaitlistFull "waitlist-full" CONFLICT {
        en: "The waitlist is full", "Nobody else can join at the moment. Please try again later: a place on the list comes free when somebody leaves it or gets a place.";
        de: "Die Nachrückliste ist voll", "Gerade kann sich niemand mehr eintragen. Bitte versuchen Sie es später noch einmal: Auf der Liste wird Platz, wenn jemand sie verlässt oder einen Platz bekommt.";
    }
    WaitlistLeft "waitlist-left" CONFLICT {
        en: "You are not on the waitlist any more", "You have left it, and its offers went to others. If you still need a place, please enter the waiting room again.";
        de: "Sie stehen nicht mehr auf der Nachrückliste", "Sie haben sie verlassen, und Ihre Angebote gingen an andere. Wenn Sie noch einen Platz brauchen, betreten Sie bitte den Warteraum noch einmal.";
    }
    WaitlistNotOpen "waitlist-not-open" CONFLICT {
        en: "Nobody can join the waitlist now", "There is none, it opens later, it has ended, or there are places to book. Please look at the places first.";
        de: "Gerade kann sich niemand auf die Nachrückliste eintragen", "Es gibt keine, sie öffnet später, sie ist beendet, oder es gibt noch Plätze zu buchen. Bitte sehen Sie zuerst nach den Plätzen.";
    }
    CampaignClosed "campaign-closed" GONE {
        en: "Booking has ended", "Nothing can be booked in this campaign any more. A booking you have stays valid.";
        de: "Die Buchung ist beendet", "In dieser Aktion kann nichts mehr gebucht werden. Eine Buchung, die Sie haben, bleibt gültig.";
    }
    PriorityCodeRevoked "priority-code-revoked" GONE {
        en: "This priority code is not good any more", "The operator has revoked it. Please ask whoever sent it to you; you can also join without a code.";
        de: "Dieser Vorrang-Code gilt nicht mehr", "Der Veranstalter hat ihn zurückgezogen. Bitte fragen Sie, wer ihn Ihnen geschickt hat; ohne Code können Sie sich auch anstellen.";
    }
    RoomClosed "room-closed" GONE {
        en: "This waiting room is closed", "Right now nobody can get in line or go in. Please ask your municipality whether it is opened again, and which other offers there are.";
        de: "Dieser Warteraum ist geschlossen", "Zurzeit kann sich niemand anstellen oder hineingehen. Bitte fragen Sie Ihre Gemeinde, ob er wieder geöffnet wird und welche Angebote es sonst gibt.";
    }
    LeversChanged "levers-changed" PRECONDITION_FAILED {
        en: "The room has been changed meanwhile", "Nothing was changed. Look at the room again, and send the change with its new ETag as If-Match if it is still right.";
        de: "Der Warteraum wurde inzwischen geändert", "Es wurde nichts geändert. Sehen Sie sich den Warteraum noch einmal an, und senden Sie die Änderung mit seinem neuen ETag als If-Match, wenn sie noch stimmt.";
    }
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE {
        en: "The request is too large", "Please shorten it to at most 8 KiB.";
        de: "Die Anfrage ist zu groß", "Bitte kürzen Sie sie auf höchstens 8 KiB.";
    }
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE {
        en: "The request is not in JSON", "Send JSON with the header Content-Type: application/json.";
        de: "Die Anfrage ist kein JSON", "Senden Sie JSON mit dem Header Content-Type: application/json.";
    }
    DeclarationMissing "declaration-missing" UNPROCESSABLE_ENTITY {
        en: "A declaration is missing", "Please read what is listed under declarations and agree to it. The text may have changed since you read it.";
        de: "Eine Erklärung fehlt", "Bitte lesen Sie, was unter declarations steht, und stimmen Sie zu. Der Text kann sich geändert haben, seit Sie ihn gelesen haben.";
    }
    IdempotencyKeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY {
        en: "This Idempotency-Key belongs to another request", "Send a new request with a new random key, and repeat an earlier one unchanged.";
        de: "Dieser Idempotency-Key gehört zu einer anderen Anfrage", "Senden Sie eine neue Anfrage mit einem neuen zufälligen Schlüssel, und wiederholen Sie eine frühere unverändert.";
    }
    IdentityRequired "identity-required" UNPROCESSABLE_ENTITY {
        en: "Please say who you are", "This waiting room needs what is listed under asks_for. The place is drawn for you, and only you can book with it.";
        de: "Bitte sagen Sie, wer Sie sind", "Dieser Warteraum braucht die Angaben, die unter asks_for stehen. Der Platz wird für Sie gelost, und nur Sie können damit buchen.";
    }
    MunicipalityMismatch "municipality-mismatch" UNPROCESSABLE_ENTITY {
        en: "Postcode and municipality do not belong together", "Please check both.";
        de: "Postleitzahl und Gemeinde gehören nicht zusammen", "Bitte prüfen Sie beides.";
    }
    MunicipalityRequired "municipality-required" UNPROCESSABLE_ENTITY {
        en: "Several municipalities share this postcode", "Please choose yours from the list.";
        de: "Mehrere Gemeinden haben diese Postleitzahl", "Bitte wählen Sie Ihre aus der Liste.";
    }
    PriorityCodeInvalid "priority-code-invalid" UNPROCESSABLE_ENTITY {
        en: "This is no priority code of this waiting room", "Please compare it with your letter, all 16 characters. A code is good for the campaign that it was sent for; you can also join without one.";
        de: "Das ist kein Vorrang-Code dieses Warteraums", "Bitte vergleichen Sie ihn mit Ihrem Schreiben, alle 16 Zeichen. Ein Code gilt für die Aktion, für die er geschickt wurde; ohne Code können Sie sich auch anstellen.";
    }
    IfMatchMissing "if-match-missing" PRECONDITION_REQUIRED {
        en: "It is not said what the change is made for", "Send the ETag of the room, as you have seen it, as If-Match, so that no change of somebody else is undone unseen; or * to change it whatever it is.";
        de: "Es fehlt, wofür die Änderung gilt", "Senden Sie den ETag des Warteraums, wie Sie ihn gesehen haben, als If-Match, damit keine Änderung anderer ungesehen zurückgenommen wird; oder *, um ihn zu ändern, wie er auch sei.";
    }
    ProofRequired "proof-required" TOO_MANY_REQUESTS {
        en: "Please let your device compute for a moment", "Very many entries come from your internet connection. Fetch the challenge in `challenge`, solve it, and send the solution as `proof`; or wait, which costs you nothing either.";
        de: "Bitte lassen Sie Ihr Gerät kurz rechnen", "Von Ihrem Internetanschluss kommen sehr viele Anmeldungen. Holen Sie die Aufgabe unter `challenge`, lösen Sie sie und senden Sie die Lösung als `proof`; oder warten Sie, auch das kostet Sie nichts.";
    }
    RateLimited "rate-limited" TOO_MANY_REQUESTS {
        en: "Too many requests came within a short time", "You lose nothing. Please wait a moment and try again. Perhaps many people share your internet connection, as in an office.";
        de: "In kurzer Zeit kamen zu viele Anfragen", "Sie verlieren nichts. Bitte warten Sie einen Augenblick und versuchen Sie es noch einmal. Vielleicht teilen sich viele Menschen Ihren Internetanschluss, etwa in einem Büro.";
    }
    HeadTooLarge "head-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE {
        en: "The headers of the request are too large", "Please send fewer or shorter headers and cookies.";
        de: "Die Header der Anfrage sind zu groß", "Bitte senden Sie weniger oder kürzere Header und Cookies.";
    }
    Internal "internal" INTERNAL_SERVER_ERROR {
        en: "Something went wrong on our side", "Please try again in a moment. If it happens again, tell us the request_id.";
        de: "Bei uns ist etwas schiefgegangen", "Bitte versuchen Sie es gleich noch einmal. Wenn es wieder geschieht, nennen Sie uns die request_id.";
    }
    Overloaded "overloaded" SERVICE_UNAVAILABLE {
        en: "Very many people are here right now", "You lose nothing. Please try again in a few seconds.";
        de: "Gerade sind sehr viele Menschen hier", "Sie verlieren nichts. Bitte versuchen Sie es in ein paar Sekunden noch einmal.";
    }
    TooManyStreams "too-many-streams" SERVICE_UNAVAILABLE {
        en: "No further stream can be opened right now", "You lose nothing. Please ask by plain requests instead, as often as their answers say, and try a stream again later.";
        de: "Gerade kann kein weiterer Strom geöffnet werden", "Sie verlieren nichts. Bitte fragen Sie stattdessen mit einfachen Anfragen nach, so oft, wie deren Antworten es sagen, und versuchen Sie es später noch einmal mit einem Strom.";
    }
    Unavailable "unavailable" SERVICE_UNAVAILABLE {
        en: "A part of the system does not answer right now", "You lose nothing. Please try the same again in a few seconds.";
        de: "Ein Teil des Systems antwortet gerade nicht", "Sie verlieren nichts. Bitte versuchen Sie dasselbe in ein paar Sekunden noch einmal.";
    }
}

#[cfg(test)]
mod tests;
