"""A mail server for tests. What it does with a letter is said by whom it is to.

nobody@…   refused, with the address quoted
later@…    refused for now the first time, taken the second time
hangs@…    the whole letter is read, and then nothing is said
others     taken

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


class Handler:
    def __init__(self):
        self.taken = 0
        self.put_off = set()

    async def handle_MAIL(self, server, session, envelope, address, options):
        note("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}> is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("hangs@"):
            await asyncio.sleep(3600)
        if to.startswith("later@") and to not in self.put_off:
            self.put_off.add(to)
            return f"451 4.3.0 <{to}> has to wait"
        self.taken += 1
        part = folder / "part"
        part.write_bytes(envelope.content)
        part.rename(inbox / f"{self.taken:06}.eml")
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
