"""Hands a message over to a Roster, as a mail server does: one from standard input, else one made here.

ROSTER_INBOX=http://localhost:8000/intake/email/… python examples/send_email.py < message.eml

Behind a mail server: `roster: "|ROSTER_INBOX=… python examples/send_email.py"` in /etc/aliases.
"""

import os
import sys
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate, make_msgid


def a_message() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Ana Ruiz <ana@ex.test>", "help@roster.example"
    message["Subject"], message["Date"], message["Message-ID"] = "The export stops", formatdate(), make_msgid()
    message.set_content("It stops at row 1,000.\n\n> Does it stop?\n")
    message.add_attachment(b"row,error\n1000,stop\n", maintype="text", subtype="csv", filename="log.csv")
    return bytes(message)


def main() -> None:
    raw = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    request = urllib.request.Request(  # noqa: S310
        os.environ["ROSTER_INBOX"], data=raw or a_message(), headers={"Content-Type": "message/rfc822"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        print(answer.status, answer.read().decode())


if __name__ == "__main__":
    main()
