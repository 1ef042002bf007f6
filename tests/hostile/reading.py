"""What a browser would make of a page: elements, attributes, and the words a reader sees."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

ELEMENTS = frozenset(
    [
        "html",
        "head",
        "title",
        "meta",
        "link",
        "script",
        "noscript",
        "body",
        "a",
        "header",
        "div",
        "p",
        "b",
        "strong",
        "span",
        "img",
        "button",
        "svg",
        "use",
        "nav",
        "ul",
        "ol",
        "li",
        "main",
        "h1",
        "h2",
        "h3",
        "section",
        "form",
        "input",
        "label",
        "textarea",
        "select",
        "option",
        "optgroup",
        "fieldset",
        "legend",
        "details",
        "summary",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "time",
        "article",
        "aside",
        "footer",
        "dialog",
        "datalist",
        "kbd",
        "hr",
        "br",
        "ins",
        "del",
        "bdi",
        "cite",
        "small",
        "hgroup",
    ]
)
URLS = frozenset({"href", "src", "action", "formaction", "hx-get", "hx-post", "data-autosave"})
VOID = frozenset(["meta", "link", "img", "input", "br", "hr", "use"])
RAW = frozenset({"script", "style"})
# Part of the page and not of the words: what only screen readers hear, and the codes at hidden characters.
APART = frozenset({"visually-hidden", "hidden-char-code"})


class Page(HTMLParser):
    """`words` holds everything a reader sees, in order; `faults` what must never be in a page of ours."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.values: list[str] = []
        self.faults: list[str] = []
        self.elements: list[str] = []
        self.isolated: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []  # tag, apart from the words, direction of its own
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append(tag)
        if tag not in ELEMENTS:
            self.faults.append(f"element <{tag}>")
        for name, value in found.items():
            self._attribute(tag, name, value)
        if tag == "script" and not found.get("src", "").startswith("/static/"):
            self.faults.append(f"script {found}")
        self.values += [found[name] for name in ("value", "title", "aria-label", "content") if name in found]
        if tag not in VOID:
            apart = bool(APART & set(found.get("class", "").split())) or tag in RAW
            self._open.append((tag, apart, tag == "bdi" or found.get("dir") == "auto"))

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith(("on", "hx-on")) or name in ("style", "srcdoc") or "canary" in name:
            self.faults.append(f"attribute {name} on <{tag}>")
        if name in URLS:
            parts = urlsplit(value.strip())
            ours = not parts.scheme and not parts.netloc
            if not ours and (parts.scheme not in ("http", "https") or tag not in ("a", "link")):
                self.faults.append(f"{name}={value} on <{tag}>")
            if "canary.example" in parts.netloc:
                self.faults.append(f"leads to {value}")

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] in RAW and "canary" in data:
            self.faults.append("words inside a script")
        if not any(apart for _tag, apart, _own in self._open):
            self.words += data
            if any(own for _tag, _apart, own in self._open):
                self.isolated.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append("comment")

    def handle_pi(self, data: str) -> None:
        self.faults.append("processing instruction")

    def unknown_decl(self, data: str) -> None:
        self.faults.append("declaration")

    def shows(self, text: str) -> bool:
        """The whole text stands in the page, character by character."""
        return text in self.words or any(text in value for value in self.values)
