"""`python -m riskspace.probe URL`: whether a server answers well, for a container's health check.

The standard library alone, so that asking every few seconds costs little.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PATIENCE = 4.0  # seconds


def refusal(url: str) -> str | None:
    """Why an http:// address doesn't answer GET with a 2xx, or None when it does."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return None if 200 <= status < 300 else f"HTTP {status}"


if __name__ == "__main__":
    (address,) = sys.argv[1:]
    if reason := refusal(address):
        sys.stderr.write(f"{address}: {reason}\n")
        raise SystemExit(1)
