"""Receives webhooks of Einlass: python receive.py PORT SECRET_FILE (needs the package standardwebhooks)."""

import http.server
import pathlib
import sys

from standardwebhooks import Webhook, WebhookVerificationError

BODY_MAX = 64 * 1024

webhook = Webhook(pathlib.Path(sys.argv[2]).read_text().strip())
known = set()  # in your system a table, whose rows may go after a week


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > BODY_MAX:
            return self.answer(413)
        body = self.rfile.read(length)
        try:
            message = webhook.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.answer(401)
        if self.headers["webhook-id"] not in known:
            known.add(self.headers["webhook-id"])
            self.handle_message(message)
        self.answer(204)

    def handle_message(self, message):
        # Put it into a queue of yours, and do the work after the answer.
        message_id = self.headers["webhook-id"]
        print(f"{message['type']} in {message['data']['campaign']}, message {message_id}", flush=True)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
