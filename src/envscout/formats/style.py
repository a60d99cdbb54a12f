"""How pages look: one sheet for wide and narrow screens, light and dark, and paper."""

PALETTE = """
:root {
  --paper: #ffffff; --ink: #1b1f24; --soft: #59636e; --line: #d9dee3; --fill: #f4f6f8; --link: #0b57b8;
  --critical: #a3123b; --high: #b3400a; --medium: #7a5c00; --low: #2f5f8a; --unspecified: #59636e;
  --good: #1a6b36; --good-fill: #e8f5ec; --warn: #7a4d00; --warn-fill: #fff5db; --bad: #9b1c1c; --bad-fill: #fdecec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e7ebef; --soft: #a2acb6; --line: #333b44; --fill: #1d232a; --link: #7db7ff;
    --critical: #ff8aa6; --high: #ffa373; --medium: #e8c65a; --low: #8fc1f2; --unspecified: #a2acb6;
    --good: #7fd99a; --good-fill: #16291d; --warn: #f0c674; --warn-fill: #2e2614; --bad: #ff9b9b; --bad-fill: #351a1c;
  }
}
""".strip()
"""The colours, light and dark: each tells apart by its name, too."""

STYLE = (
    f"{PALETTE}\n"
    + """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 21px; margin: 44px 0 12px; padding-bottom: 6px; border-bottom: 2px solid var(--line); }
h3 { font-size: 17px; margin: 32px 0 8px; overflow-wrap: anywhere; }
p { margin: 8px 0; max-width: 76ch; }
a { color: var(--link); text-underline-offset: 2px; overflow-wrap: anywhere; }
code {
  font: 0.88em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere;
}
.soft { color: var(--soft); }
.small { font-size: 13px; }
.kicker { color: var(--soft); font-size: 13px; letter-spacing: 0.08em; text-transform: uppercase; margin: 0 0 4px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 8px; top: 8px; padding: 8px 12px; background: var(--paper); outline: 2px solid var(--link); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 16px 0 0; padding: 0; }

.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px; margin: 20px 0; padding: 0;
  list-style: none;
}
.tiles li {
  border: 1px solid var(--line); border-top: 4px solid var(--tone, var(--line)); border-radius: 6px;
  padding: 10px 14px;
}
.tiles b { display: block; font-size: 28px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: 13px; }
.critical { --tone: var(--critical); } .high { --tone: var(--high); } .medium { --tone: var(--medium); }
.low { --tone: var(--low); } .unspecified { --tone: var(--unspecified); }
.pass { --tone: var(--good); } .fail { --tone: var(--bad); } .unknown { --tone: var(--warn); }

.note {
  border-left: 5px solid var(--warn); background: var(--warn-fill); border-radius: 4px; padding: 12px 16px;
  margin: 16px 0;
}
.note.bad { border-color: var(--bad); background: var(--bad-fill); }
.note.good { border-color: var(--good); background: var(--good-fill); }
.note h2, .note h3 { margin: 0 0 4px; padding: 0; border: 0; font-size: 16px; }
.note ul { margin: 6px 0 0; padding-left: 20px; }
.note li { margin: 4px 0; overflow-wrap: anywhere; }

.tag {
  display: inline-block; border: 1px solid currentColor; border-radius: 10px; padding: 0 8px; font-size: 12px;
  font-weight: 600; line-height: 19px; color: var(--tone, var(--soft)); white-space: nowrap;
}
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 10px 24px; margin: 12px 0; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }

table { border-collapse: collapse; width: 100%; margin: 12px 0 20px; font-size: 14px; }
caption { text-align: left; color: var(--soft); font-size: 13px; padding-bottom: 6px; }
th { text-align: left; font-size: 13px; color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
th, td { padding: 8px 12px 8px 0; vertical-align: top; }
td { border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
th:first-child { min-width: 124px; }
.findings th:first-child { min-width: 0; }
.nowrap { white-space: nowrap; }
td .small { display: block; color: var(--soft); }
td .tag { margin: 0 4px 2px 0; }
.findings th:nth-child(1) { width: 11%; } .findings th:nth-child(2) { width: 33%; }
.findings th:nth-child(3) { width: 20%; } .findings th:nth-child(4) { width: 15%; }
.findings th:nth-child(5) { width: 12%; }
details { margin-top: 2px; }
summary { color: var(--link); cursor: pointer; font-size: 13px; width: fit-content; }
details p { font-size: 13px; color: var(--soft); white-space: pre-line; }
footer {
  margin-top: 56px; padding-top: 16px; padding-bottom: 40px; border-top: 1px solid var(--line); color: var(--soft);
  font-size: 13px;
}

@media (max-width: 720px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  header { padding-top: 24px; }
  h1 { font-size: 24px; }
  dl { grid-template-columns: 1fr; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); gap: 8px; }
  .tiles li { padding: 8px 10px; } .tiles b { font-size: 23px; }
  thead { position: absolute; left: -9999px; }
  table, caption, tbody, tr, td { display: block; width: auto; }
  tr { border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; margin-bottom: 10px; }
  td { border: 0; padding: 3px 0; }
  td.none { display: none; }
  td::before { content: attr(data-label); display: block; color: var(--soft); font-size: 12px; }
  .findings tr { display: grid; grid-template-columns: 1fr 1fr; gap: 2px 12px; }
  .findings td:nth-child(-n+3) { grid-column: 1 / -1; }
  .findings td:nth-child(1)::before, .findings td:nth-child(2)::before { content: none; }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --fill: #fff; --link: #000;
    --critical: #8a0f32; --high: #8f3308;
    --medium: #5e4700; --low: #234a6d; --unspecified: #444; --good: #14532d; --good-fill: #fff; --warn: #5e3b00;
    --warn-fill: #fff; --bad: #7f1414; --bad-fill: #fff;
  }
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; }
  table { font-size: 8.5pt; } th, td { padding: 4pt 6pt 4pt 0; } th:first-child { min-width: 70pt; }
  td .small, th, .tag { font-size: 8pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav, .skip, .findings details { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .note, .tiles li { border: 1px solid #888; }
  .note { border-left-width: 4pt; }
  thead { display: table-header-group; }
  tr, .note, .tiles, dl div { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  a { text-decoration: none; }
}
""".strip()
)
