"""How the web server ends a connection: with a large body on it, and saying so in the answer."""

# What gunicorn still reads of a body that the portal refused or left alone; it gives up behind that, and an
# answer that had promised to keep the connection would cost the client its next request.
READ_TO_THE_END = 64 * 1024


def pre_request(_worker, request):
    """Let the answer say `Connection: close` where the body is longer than that, or does not say how long."""
    facts = dict(request.headers)
    length = facts.get("CONTENT-LENGTH", "0")
    if "TRANSFER-ENCODING" in facts or int(length) >= READ_TO_THE_END:
        request.force_close()
