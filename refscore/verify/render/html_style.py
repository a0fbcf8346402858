"""How the page looks: one style sheet, light and dark, no fonts from elsewhere."""

_COLOURS = """
:root { color-scheme:light dark;
  --ink:#1a1f29; --soft:#5f6b7c; --line:#e3e7ed; --page:#f7f8fa; --card:#fff; --tint:#f1f4f8;
  --holds:#0f7b53; --fails:#c22f1c; --open:#9a6200; --none:#8b95a5; --link:#2257b8;
  --beyond:#fdefec; --within:#e6f4ee; --said:#fff8e8 }
@media (prefers-color-scheme: dark) { :root {
  --ink:#e4e8ef; --soft:#9aa5b5; --line:#2a313d; --page:#12151a; --card:#191d24; --tint:#212732;
  --holds:#46c18f; --fails:#ff7d6b; --open:#e3b04f; --none:#717d8f; --link:#82aaff;
  --beyond:#2f1f1f; --within:#16291f; --said:#282315 } }
.v-holds { --v:var(--holds) } .v-fails, .v-error { --v:var(--fails) }
.v-convention, .v-undecided { --v:var(--open) } .v-offered, .v-blocked { --v:var(--none) }
[class*="v-"] { color:var(--v) }
"""
_PAGE = """
* { box-sizing:border-box }
[hidden] { display:none !important }
body { margin:0; background:var(--page); color:var(--ink);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif }
main { max-width:1160px; margin:0 auto; padding:36px 24px 80px }
h1 { font-size:24px; line-height:1.25; margin:0 0 4px; letter-spacing:-.015em }
h2 { font-size:18px; margin:36px 0 10px } h3 { font-size:15px; margin:0 0 6px } p { margin:6px 0 }
code, pre, .mono { font:13px/1.55 ui-monospace,"SF Mono",Menlo,Consolas,
  "DejaVu Sans Mono",monospace }
pre { margin:0; padding:10px 14px; white-space:pre-wrap; overflow-wrap:anywhere }
a { color:var(--link); text-decoration:none } a:hover { text-decoration:underline }
:focus-visible { outline:2px solid var(--link); outline-offset:-2px; border-radius:4px }
.soft { color:var(--soft) } .small { font-size:13px }
.said { background:var(--said); border-left:3px solid var(--open); border-radius:0 6px 6px 0;
  padding:8px 14px; margin:10px 0; overflow-wrap:anywhere }
.pre { white-space:pre-wrap; overflow-wrap:anywhere; max-height:18em; overflow-y:auto }
.inside p, .card p, .card li, .card h2, .card > span { max-height:16em; overflow-y:auto }
.cards { display:grid; grid-template-columns:repeat(auto-fill,minmax(min(320px,100%),1fr));
  gap:14px; margin-top:20px }
.card { background:var(--card); border:1px solid var(--line); border-radius:12px;
  padding:16px 18px; min-width:0; overflow-wrap:anywhere }
.card.fold { padding:8px 18px; margin-top:10px }
.card h2 { font-size:17px; margin:0; display:flex; gap:10px; align-items:baseline;
  justify-content:space-between }
.card h2 span { font-size:13px; font-weight:600; white-space:nowrap }
svg.bar { display:block; width:100%; height:8px; border-radius:4px; margin:12px 0 10px }
svg.bar rect { fill:var(--v) }
.roots { list-style:none; margin:10px 0 0; padding:10px 0 0; border-top:1px solid var(--line) }
.roots li { margin:0 0 6px; font-size:13px; line-height:1.45 }
.fold > summary { cursor:pointer; color:var(--soft); font-size:13px; padding:4px 0 }
.fold > summary:hover { color:var(--ink) }
form { display:none; flex-wrap:wrap; gap:8px; align-items:center; margin:0 0 12px }
.js form { display:flex }
form input, form select, form button, .copy { font:inherit; font-size:13px; color:var(--ink);
  background:var(--card); border:1px solid var(--line); border-radius:8px; padding:5px 11px;
  min-height:32px }
form input { flex:1 1 200px; min-width:0 } form select { flex:0 1 auto; max-width:100% }
form button, .copy { cursor:pointer } form button:hover, .copy:hover { border-color:var(--soft) }
form button[aria-pressed="true"] { background:var(--v); border-color:var(--v); color:var(--card);
  font-weight:600 }
form button[aria-pressed] { color:var(--v) } form output { color:var(--soft); font-size:13px;
  white-space:nowrap }
kbd { font:12px ui-monospace,Menlo,monospace; border:1px solid var(--line); border-radius:4px;
  padding:0 4px; background:var(--card) }
"""
_MATRIX = """
.matrix { background:var(--card); border:1px solid var(--line); border-radius:12px }
.many { --columns:minmax(400px,1fr) repeat(%N%,36px) }
main:has(.many) { max-width:1560px }
.few { --columns:minmax(0,1fr) repeat(%N%,minmax(90px,130px)) }
.many { overflow:auto; max-height:88vh }
.row { display:grid; grid-template-columns:var(--columns); align-items:center; column-gap:6px;
  padding:0 16px }
.many .head, .many .chapter { min-width:calc(432px + %N% * 42px) }
.many .name b { flex-basis:10em }
.head { position:sticky; top:0; z-index:2; background:var(--card); font-weight:600;
  font-size:13px; border-bottom:1px solid var(--line); border-radius:12px 12px 0 0;
  padding-top:9px; padding-bottom:9px; align-items:end }
.head .cell { color:var(--ink); overflow:hidden; text-overflow:ellipsis; white-space:nowrap }
.many .head .cell { writing-mode:vertical-rl; transform:rotate(180deg); max-height:11em;
  text-align:left; justify-self:center }
.chapter > h3 { margin:0; padding:14px 16px 4px; color:var(--soft); font-size:12px;
  letter-spacing:.05em; text-transform:uppercase }
.cell { text-align:center; font-size:13px; border-radius:6px; line-height:24px; margin:2px 0 }
.cell i { font-style:normal } .many .cell i { display:none }
.name { display:flex; min-width:0; padding:5px 0; background:var(--row,var(--card)) }
.name b { font-weight:400; color:var(--soft); flex:0 0 12em; overflow:hidden;
  text-overflow:ellipsis; white-space:nowrap }
.name > span { overflow:hidden; text-overflow:ellipsis; white-space:nowrap }
.many .name { position:sticky; left:0; padding-left:16px; margin-left:-16px }
.check { content-visibility:auto; contain-intrinsic-size:auto 35px; scroll-margin-top:52px;
  border-top:1px solid var(--line) }
.check > summary { cursor:pointer; list-style:none }
.fold > summary { list-style:none } summary::-webkit-details-marker { display:none }
.fold > summary::before { content:"▸ " } .fold[open] > summary::before { content:"▾ " }
.check > summary:hover, .check[open] > summary { background:var(--tint); --row:var(--tint) }
.cell.v-fails, .cell.v-error, .cell.v-convention, .cell.v-undecided { background:var(--v);
  color:var(--card); font-weight:600 }
.inside { position:sticky; left:0; padding:12px 20px 22px;
  max-width:min(1110px,calc(100vw - 50px)) }
.theorem { font:17px/1.6 "STIX Two Math","Cambria Math","Latin Modern Math",Cambria,Georgia,
  "DejaVu Serif",serif; margin:8px 0; overflow-x:auto }
.finding { border-left:3px solid var(--v); padding:2px 0 2px 16px; margin:18px 0 0;
  color:var(--ink) }
.finding h3 span { color:var(--v) }
.wide { overflow-x:auto }
table { border-collapse:collapse; font-variant-numeric:tabular-nums; margin:8px 0 }
td, th { padding:3px 18px 3px 0; text-align:left; font-weight:400; vertical-align:top;
  white-space:nowrap }
th { color:var(--soft); font-size:13px } td.n, th.n { text-align:right }
td.t { overflow-wrap:anywhere; min-width:9em; white-space:normal }
table.sides td { white-space:pre }
.code { position:relative; background:var(--tint); border-radius:8px; margin:10px 0 }
.copy { display:none; position:absolute; top:5px; right:6px; min-height:0; padding:2px 9px }
.js .copy { display:block } .js .code pre { padding-right:84px }
"""
_PLOTS = """
.figures { display:grid; grid-template-columns:repeat(auto-fill,minmax(min(440px,100%),1fr));
  gap:14px 22px; margin:10px 0 }
figure { margin:0; min-width:0 } figcaption { font-size:13px; overflow-wrap:anywhere }
.key { display:inline-block; width:16px; border-top:2px solid var(--v); vertical-align:middle }
svg.plot { width:100%; height:auto; display:block; margin:6px 0 }
svg.wider { min-width:640px }
svg text { font:11px system-ui,"Segoe UI","Liberation Sans",sans-serif; fill:var(--soft) }
svg .label { text-anchor:end; fill:var(--ink) } svg .tick { text-anchor:middle; font-size:10px }
svg .left { text-anchor:end; font-size:10px }
svg .grid { stroke:var(--line) } svg .zero { stroke:var(--soft); stroke-dasharray:3 3 }
svg .beyond { fill:var(--beyond) } svg .within { fill:var(--within) }
svg .stem { stroke:var(--v); stroke-width:1.5; opacity:.35 }
svg circle { fill:var(--v) } svg a:hover circle { stroke:var(--ink); stroke-width:1.5 }
svg .curve { fill:none; stroke:var(--v); stroke-width:1.8; stroke-linejoin:round }
svg .limit { stroke:var(--v); stroke-dasharray:5 4; stroke-width:1.2 }
svg text.named { fill:var(--v); font-size:10px } svg .end { text-anchor:end }
svg .band { fill:var(--link); opacity:.16 } svg .found { stroke:var(--link); fill:none;
  stroke-width:1.8 } svg circle.found { fill:var(--link); stroke:none }
"""
_SMALL = """
main { padding:22px 14px 60px } .inside { padding:10px 12px 18px; max-width:calc(100vw - 30px) }
.few { --columns:minmax(0,1fr) repeat(%N%,28px) } .few .cell i { display:none }
.many { --columns:minmax(190px,1fr) repeat(%N%,28px) }
.few .head .cell { writing-mode:vertical-rl; transform:rotate(180deg); max-height:10em;
  text-align:left; justify-self:center }
.row { padding:0 12px; column-gap:4px } .chapter > h3 { padding:14px 12px 4px }
 .name { flex-direction:column }
.name b { flex-basis:auto; font-size:11px; line-height:1.3 }
.many .head, .many .chapter { min-width:calc(214px + %N% * 32px) }
.check { contain-intrinsic-size:auto 48px; scroll-margin-top:110px } .keys { display:none }
"""


def style(subjects: int) -> str:
    """The style sheet for so many subjects beside each other."""
    parts = (_COLOURS, _PAGE, _MATRIX, _PLOTS, f"@media (max-width:760px) {{{_SMALL}}}\n")
    return "".join(parts).replace("%N%", str(max(subjects, 1)))
