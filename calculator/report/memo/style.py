"""How the memo looks, on screen and on paper of either size."""

STYLE = """
:root { color-scheme: light; --ink: #16242c; --soft: #4a5961; --line: #c3ccd1; --deep: #12445c; }
* { box-sizing: border-box; }
html { font: 10.5pt/1.45 "Source Sans 3", "Source Sans Pro", "Segoe UI", "Helvetica Neue", Arial,
  sans-serif; color: var(--ink); background: #eef1f2; }
body { margin: 0; }
main { background: #fff; max-width: 50rem; margin: 1.5rem auto; padding: 2.6rem 3rem; }
header { border-bottom: 2.5pt solid var(--deep); padding-bottom: 0.9rem; margin-bottom: 1.1rem; }
.kind { text-transform: uppercase; letter-spacing: 0.12em; font-size: 8.5pt; color: var(--soft);
  margin: 0 0 0.3rem; }
h1 { font-size: 19pt; line-height: 1.2; margin: 0 0 0.3rem; color: var(--deep); }
h2 { font-size: 13pt; margin: 1.7rem 0 0.45rem; color: var(--deep); break-after: avoid; }
h3 { font-size: 10.5pt; margin: 1.1rem 0 0.35rem; break-after: avoid; }
p, ul { margin: 0 0 0.6rem; orphans: 3; widows: 3; }
ul { padding-left: 1.15rem; }
li { margin-bottom: 0.2rem; break-inside: avoid; }
.lead { font-size: 11.5pt; }
.answer { border-left: 4pt solid var(--deep); padding: 0.55rem 0 0.55rem 0.9rem; margin: 0.7rem 0;
  font-size: 12.5pt; line-height: 1.4; break-inside: avoid; }
.two { columns: 2; column-gap: 1.6rem; font-size: 8.2pt; line-height: 1.3; }
.small, .note { font-size: 8.5pt; color: var(--soft); }
dl { display: grid; grid-template-columns: 7.6rem 1fr; gap: 0.2rem 0.8rem; margin: 0.8rem 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd.blank { border-bottom: 0.6pt solid var(--ink); min-height: 1.35rem; max-width: 26rem; }
table { border-collapse: collapse; width: 100%; margin: 0.4rem 0 0.9rem; font-size: 9pt;
  line-height: 1.3; font-variant-numeric: tabular-nums; break-inside: avoid; }
table.long { break-inside: auto; font-size: 8.2pt; table-layout: fixed; }
caption { text-align: left; font-weight: 600; padding: 0 0 0.3rem; break-after: avoid; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; font-weight: 600; border-bottom: 1pt solid var(--ink);
  vertical-align: bottom; padding: 0.22rem 0.5rem 0.22rem 0; }
td { border-bottom: 0.5pt solid var(--line); vertical-align: top; overflow-wrap: break-word;
  padding: 0.22rem 0.5rem 0.22rem 0; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.total td { font-weight: 600; border-top: 1pt solid var(--ink); border-bottom: none; }
.badge { border: 0.6pt solid var(--soft); border-radius: 2pt; padding: 0 0.25em; font-size: 0.88em;
  white-space: nowrap; }
.four { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0.7rem; margin: 0.8rem 0 1rem;
  break-inside: avoid; }
.four div { border: 0.6pt solid var(--line); border-radius: 3pt; padding: 0.5rem 0.65rem; }
.four span { display: block; font-size: 8.2pt; color: var(--soft); line-height: 1.25; }
.four b { display: block; font-size: 15pt; margin: 0.1rem 0; white-space: nowrap; }
figure { margin: 0.6rem 0 1rem; break-inside: avoid; }
figcaption { font-weight: 600; margin-bottom: 0.25rem; }
svg { width: 100%; height: auto; display: block; font-size: 11px; }
a { color: var(--deep); text-decoration-thickness: 0.5pt; }
pre { font: 8pt/1.35 "Source Code Pro", Consolas, "DejaVu Sans Mono", monospace; margin: 0.4rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f6f7; padding: 0.6rem 0.7rem; }
.appendix { break-before: page; }
@media (max-width: 40rem) {
  main { margin: 0; padding: 1.2rem 1rem; }
  .four { grid-template-columns: repeat(2, 1fr); }
  section { overflow-x: auto; }
}
@media print {
  html { background: #fff; font-size: 10pt; }
  main { margin: 0; padding: 0; max-width: none; }
  a { color: inherit; }
  pre { border: 0.5pt solid var(--line); background: none; }
}
@page { margin: 19mm 18mm 20mm; }
"""
# Boxes in the page's margin: which run this is, and the page's number.
PAGES = """
@page {
  @bottom-left { content: "balance-calculator %s, fingerprint %s"; font: 8pt sans-serif;
    color: #4a5961; }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt sans-serif;
    color: #4a5961; }
}
"""
