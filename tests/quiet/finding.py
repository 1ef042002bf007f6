"""Finding a marker in bytes, whatever form it was given: as it is, escaped, encoded, packed, or all of these at once."""

import base64
import binascii
import contextlib
import html
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

# Markers are known words: "zqx" and any letters would also be found in a ciphertext, once in a while.
KNOWN = [
    "text",
    "street",
    "mail",
    "clean",
    "own",
    "comment",
    "link",
    "title",
    "note",
    "tag",
    "unsaved",
    "live",
    "badlink",
    "wall",
    "zone",
    "forged",
    "query",
    "subject",
    "paper",
    "token",
    "revoked",
    "dispute",
    "answer",
    "source",
    "officer",
    "short",
    "password",
    "reason",
    "back",
    "proof",
    "what",
    "stop",
    "hold",
    "takedown",
    "search",
    "path",
    "login",
    "import",
    "cell",
    "column",
    "fault",
    "worker",
    "view",
    "crash",
    "control",
    "apart",
    "event",
    "session",
    "channel",
    "subjectline",
    "body",
    "receiver",
    "cachekey",
    "value",
    "inside",
    "filename",
]
MARKER = re.compile(rb"zqx(?:" + "|".join(sorted(KNOWN, key=len, reverse=True)).encode() + rb")", re.IGNORECASE)
# An MRN and a telephone number.
NUMBERS = {b"84417263": "MRN", b"6175550173": "phone"}
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){6,}")
UNICODE = re.compile(rb"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
GZIP = re.compile(rb"\x1f\x8b\x08")
ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
DEPTH = 3


def found(data: bytes | str, depth: int = DEPTH) -> set[str]:
    """The markers in the data, in lower case; `depth` is how many encodings may lie over one another."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return set(_search(raw, depth))


def _search(data: bytes, depth: int) -> Iterator[str]:
    yield from (match.decode().lower() for match in MARKER.findall(data))
    digits = data.replace(b"-", b"")
    yield from (name for number, name in NUMBERS.items() if number in digits)
    if depth:
        for form in _forms(data):
            yield from _search(form, depth - 1)


def _forms(data: bytes) -> Iterator[bytes]:
    """What the data, or parts of it, would be when decoded once."""
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"&" in data:
        yield html.unescape(data.decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
    if b"\\" in data:
        yield UNICODE.sub(lambda m: chr(int(m[1] or m[2], 16)).encode("utf-8", "surrogatepass"), data)
    if b"\0" in data:
        yield data.replace(b"\0", b"")  # UTF-16 and UTF-32
    for match in HEX.finditer(data):
        yield bytes.fromhex(match[0].decode())
    for match in BASE64.finditer(data):
        yield from _base64(match[0])
    for magic, bits in ((GZIP, 31), (ZLIB, 15)):
        for match in magic.finditer(data):
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(data[match.start() :], 1 << 20)


def _base64(run: bytes) -> Iterator[bytes]:
    """Both alphabets, from each of the four places at which a group may begin."""
    plain = run.replace(b"-", b"+").replace(b"_", b"/")
    for start in range(4):
        part = plain[start:]
        with contextlib.suppress(binascii.Error):
            yield base64.b64decode(part[: len(part) - len(part) % 4] if len(part) % 4 == 1 else part + b"==")
