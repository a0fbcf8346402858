"""How the page looks: one style sheet, light and dark, no fonts from elsewhere."""

STYLE = """
:root { --ink:#1d2129; --soft:#667085; --line:#e4e7ec; --page:#fbfbfd; --card:#fff;
  --tint:#f4f6f9;
  --holds:#16835a; --fails:#c8321f; --open:#b7791f; --none:#98a2b3; --beyond:#fdf0ee; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ef; --soft:#98a2b3; --line:#2b313c;
  --page:#14171c; --card:#1b1f26; --tint:#222831; --holds:#3fbf8a; --fails:#ff7a68;
  --open:#e5b04a;
  --none:#667085; --beyond:#2b1d1d; } }
* { box-sizing:border-box }
body { margin:0; background:var(--page); color:var(--ink);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif }
main { max-width:1120px; margin:0 auto; padding:40px 24px 80px }
h1 { font-size:25px; margin:0 0 4px; letter-spacing:-.01em } h2 { font-size:18px; margin:40px 0
  10px }
h3 { font-size:15px; margin:18px 0 6px } p { margin:6px 0 }
code,pre { font:13px/1.55 ui-monospace,"SF Mono",Menlo,Consolas,monospace }
pre { background:var(--tint); border-radius:8px; padding:10px 14px; overflow-x:auto; margin:8px 0
  }
.soft { color:var(--soft) }
.cards { display:grid; grid-template-columns:repeat(auto-fill,minmax(300px,1fr)); gap:14px;
  margin-top:22px }
.card { background:var(--card); border:1px solid var(--line); border-radius:12px; padding:16px
  18px }
.card b { font-size:16px } .bar { display:flex; height:8px; border-radius:4px; overflow:hidden;
  margin:12px 0 8px; background:var(--tint) } .bar i { display:block }
.matrix { background:var(--card); border:1px solid var(--line); border-radius:12px;
  overflow-x:auto }
.row { display:grid; align-items:center; gap:0 6px; padding:5px 16px; min-width:max-content }
.head { position:sticky; top:0; background:var(--card); border-bottom:1px solid var(--line);
  font-weight:600; font-size:13px; z-index:1; padding:9px 16px; border-radius:12px 12px 0 0 }
.chapter { padding:12px 16px 4px; color:var(--soft); font-size:12px; font-weight:600;
  letter-spacing:.05em; text-transform:uppercase }
.cell { text-align:center; font-size:13px; border-radius:6px; padding:1px 4px; white-space:nowrap;
  overflow:hidden; text-overflow:ellipsis }
.name { font:13px ui-monospace,Menlo,Consolas,monospace; white-space:nowrap }
.name span { color:var(--soft); display:inline-block; width:9.5em }
details.check > summary { cursor:pointer; list-style:none } summary::-webkit-details-marker {
  display:none }
details.check > summary:hover { background:var(--tint) } details.check[open] > summary {
  background:var(--tint) }
.inside { padding:8px 20px 20px; border-bottom:1px solid var(--line); max-width:1000px }
details.fold > summary { cursor:pointer; color:var(--soft) }
.said { border-left:3px solid var(--open); padding:2px 12px; margin:8px 0 }
table.sides { border-collapse:collapse; font:13px ui-monospace,Menlo,Consolas,monospace }
table.sides td { padding:2px 14px 2px 0; text-align:right } table.sides td:first-child {
  text-align:left;
  color:var(--soft) }
.v-holds { color:var(--holds); --v:var(--holds) } .v-fails, .v-error { color:var(--fails);
  --v:var(--fails) }
.v-convention, .v-undecided { color:var(--open); --v:var(--open) }
.v-offered, .v-blocked { color:var(--none); --v:var(--none) }
.cell.v-fails, .cell.v-error { background:var(--fails); color:#fff; font-weight:600 }
.cell.v-convention, .cell.v-undecided { background:var(--open); color:#fff; font-weight:600 }
.bar i { background:var(--v) }
svg.plot { width:100%; max-width:860px; height:auto; display:block; margin:8px 0 }
svg text { font:11px ui-monospace,Menlo,Consolas,monospace; fill:var(--soft) }
svg .label { text-anchor:end; fill:var(--ink) } svg .tick { text-anchor:middle; font-size:10px }
svg .grid { stroke:var(--line) } svg .zero { stroke:var(--soft); stroke-dasharray:3 3 }
svg .beyond { fill:var(--beyond) } svg .stem { stroke:var(--v); stroke-width:1.5; opacity:.35 }
svg circle { fill:var(--v) }
"""
