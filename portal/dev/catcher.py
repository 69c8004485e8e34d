"""A real SMTP server for development that keeps every mail in a Maildir instead of delivering it."""

import asyncio
import mailbox
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Catcher:
    """Takes every mail and files it."""

    def __init__(self, folder: Path) -> None:
        self._box = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for a whole mail. Whom it was for is kept in a header of our own."""
        recipients = ", ".join(envelope.rcpt_tos).encode("utf-8", "surrogateescape")
        content = envelope.original_content or b""
        self._box.add(b"X-Envelope-To: " + recipients + b"\n" + content.replace(b"\r\n", b"\n"))
        return "250 Kept"


def main(port: int, folder: Path) -> None:
    """Serve until asked to stop. Raises OSError when the port is taken."""
    asyncio.run(_serve(port, folder))


async def _serve(port: int, folder: Path) -> None:
    loop, done, catcher = asyncio.get_running_loop(), asyncio.Event(), Catcher(folder)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)

    def connected() -> SMTP:
        return SMTP(catcher, hostname="localhost", enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(connected, "127.0.0.1", port)
    await done.wait()
    server.close()
