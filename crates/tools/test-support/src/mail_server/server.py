"""A mail server for tests. What it does with a letter is said by whom it is to.

nobody@…   refused, with the address quoted
later@…    refused for now the first time, taken the second time
limit@…    the sender is refused, first when the receiver is named, then when the whole letter is read; taken the third time
hangs@…    the whole letter is read, and then nothing is said
others     as the file `mood` says:
           takes       taken, also where there is no such file
           hangs       the whole letter is read, nothing is said while that is so, and the letter is not taken
           hesitates   taken, and that is said once the mood is another; `hesitates-over` says which file it is

Letters that were taken lie in the folder `inbox`, one file each, in the order in which they were taken. Whoever said who
they are, or began a letter, has a line in the file `said`. Its arguments: the folder, how the connection is protected, and
the password of the user `einlass` if it asks for one. It ends when its standard input does.
"""

import asyncio
import os
import pathlib
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

folder = pathlib.Path(sys.argv[1])
inbox = folder / "inbox"
inbox.mkdir(exist_ok=True)
security = sys.argv[2]
password = sys.argv[3] if len(sys.argv) > 3 else None


def note(line):
    with (folder / "said").open("a") as said:
        said.write(line + "\n")


def authenticate(server, session, envelope, mechanism, data):
    note("AUTH")
    right = (data.login, data.password) == (b"einlass", password.encode())
    # What is not handled here is refused with 535 5.7.8.
    return AuthResult(success=right, handled=False)


def mood():
    try:
        return (folder / "mood").read_text()
    except FileNotFoundError:
        return "takes"


async def outlast(passing):
    while mood() == passing:
        await asyncio.sleep(0.01)


class Handler:
    def __init__(self):
        self.taken = 0
        self.seen = set()

    def is_first(self, *what):
        is_first = what not in self.seen
        self.seen.add(what)
        return is_first

    async def handle_MAIL(self, server, session, envelope, address, options):
        note("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}> is not known here"
        if address.startswith("limit@") and self.is_first("named", address):
            return f"554 5.7.1 <{address}>: no relaying for you"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("hangs@"):
            await asyncio.sleep(3600)
        if to.startswith("later@") and self.is_first("read", to):
            return f"451 4.3.0 <{to}> has to wait"
        if to.startswith("limit@") and self.is_first("read", to):
            return f"550 5.4.5 limit exceeded, nothing for <{to}>"
        if mood() == "hangs":
            await outlast("hangs")
            return "451 4.3.2 that took too long"
        self.taken += 1
        part = folder / "part"
        part.write_bytes(envelope.content)
        part.rename(inbox / f"{self.taken:06}.eml")
        if mood() == "hesitates":
            part.write_text(f"{self.taken:06}.eml")
            part.rename(folder / "hesitates-over")
            await outlast("hesitates")
        return "250 taken"


async def main():
    handler = Handler()
    loop = asyncio.get_running_loop()
    options = {"hostname": "mail.example", "loop": loop, "ident": "test"}
    context = None
    if security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if password is not None:
        # TLS from the first byte lies below what it knows of.
        below = security == "tls"
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not below}
    at_once = context if security == "tls" else None
    server = await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", 0, ssl=at_once)
    part = folder / "port.part"
    part.write_text(str(server.sockets[0].getsockname()[1]))
    part.rename(folder / "port")
    await server.serve_forever()


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(main())
