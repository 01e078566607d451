import { createHash } from 'node:crypto';
import { PROGRAM_MARK } from '@neurodex/core/storage';
import { type Html, html, trusted } from './html.ts';
import { INKS, PAPER, TEXT } from './inks.ts';

/** The colours of charts and page as CSS variables. @param shade 0: light paper, 1: dark paper */
const colours = (shade: 0 | 1): string =>
  [`--paper:${PAPER[shade]}`, `--text:${TEXT[shade]}`, ...INKS.map((ink, i) => `--ink${i}:${ink[shade]}`)].join(';');

const STYLE = `
:root{color-scheme:light dark;--faint:#59636e;--line:#d1d9e0;--right:#1a7f37;--wrong:#cf222e;${colours(0)}}
@media (prefers-color-scheme:dark){:root{--faint:#9198a1;--line:#3d444d;--right:#3fb950;--wrong:#ff6b63;${colours(1)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:20px;margin:44px 0 12px;padding-bottom:6px;border-bottom:1px solid var(--line)}
h3{font-size:16px;margin:26px 0 8px}
p{margin:8px 0;max-width:76ch}
a{color:var(--ink0)}
nav{display:flex;flex-wrap:wrap;gap:2px 16px;margin:14px 0 0}
.note,.faint{color:var(--faint);font-size:13px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,360px),1fr));gap:20px 28px;align-items:start}
.chart{display:block;max-width:100%;height:auto}
.charts .chart{width:100%;max-width:540px}
figure{margin:0;min-width:0}
figcaption{font-weight:600;margin-bottom:4px}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin:4px 0}
.legend span{display:inline-flex;align-items:center;gap:6px}
.scroll{overflow-x:auto;max-width:100%}
.tree .chart{min-width:440px}
.scroll th,.scroll td{white-space:nowrap}
table{border-collapse:collapse;overflow-wrap:normal;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:5px 12px 5px 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}
td.number,th.number{text-align:right;padding:5px 0 5px 16px;white-space:nowrap}
td.number+td:not(.number),th.number+th:not(.number){padding-left:20px}
td.best{font-weight:700}
td .interval{display:block;color:var(--faint);font-size:12px;font-weight:400}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}
dt{color:var(--faint)}dd{margin:0;min-width:0}
details{margin:12px 0}summary{cursor:pointer}
.example{display:flex;flex-wrap:wrap;gap:12px 24px;padding:14px 0;border-bottom:1px solid var(--line)}
.asked{width:120px;font-size:13px}
.asked img{display:block;width:96px;height:96px;border-radius:8px;margin-bottom:4px}
.answers{display:flex;flex-wrap:wrap;gap:8px 24px;min-width:0;flex:1 1 280px}
.system{font-size:13px}
.row{display:flex;flex-wrap:wrap;gap:6px;margin-top:3px}
.answer{position:relative;width:58px}
.answer img{display:block;width:58px;height:58px;border-radius:8px;border:3px solid var(--wrong);border-style:dashed}
.answer.right img{border-color:var(--right);border-style:solid}
.answer b{position:absolute;right:-3px;top:43px;width:18px;height:18px;border-radius:50%;background:var(--wrong);color:var(--paper);font-size:12px;line-height:18px;text-align:center}
.answer.right b{background:var(--right)}
.answer span{display:block;color:var(--faint);font-size:11px;line-height:1.25;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.pictures{display:flex;flex-wrap:wrap;gap:16px}
.pictures figure{width:150px}
.pictures figcaption{font-weight:400;font-size:13px;line-height:1.35}
.pictures svg{display:block;width:150px;height:150px;border-radius:4px}
footer{color:var(--faint);font-size:13px;padding-top:24px;padding-bottom:40px}
@media (max-width:520px){main,header,footer{padding-left:14px;padding-right:14px}.asked{width:100%;display:flex;gap:10px}.pictures{gap:10px}.pictures figure,.pictures svg{width:110px}.pictures svg{height:110px}table{font-size:13px}th,td{padding-right:6px}td.number,th.number{padding-left:8px}td .interval{font-size:10.5px}}
@media print{body{font-size:11px}h2{break-after:avoid}.example,figure{break-inside:avoid}}
`;

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

/** What a page may have beside its text. */
export interface PageExtras {
  /** CSS */
  readonly style: string;
  /** JavaScript of ours; no other one runs. */
  readonly script?: string;
}

const digest = (script: string): string => createHash('sha256').update(script).digest('base64');

/** One page that holds all it shows: no script runs but the one that it is given, and nothing is fetched from anywhere. */
export const page = (
  title: string,
  subtitle: Html,
  sections: readonly Section[],
  footer: Html,
  extras?: PageExtras,
): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${PROGRAM_MARK}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:${extras?.script === undefined ? '' : `; script-src 'sha256-${digest(extras.script)}'`}">
<title>${title}</title>
<style>${trusted(STYLE + (extras?.style ?? ''))}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${subtitle}
<nav aria-label="Sections">${sections.map(({ id, title: name }) => html`<a href="#${id}">${name}</a>`)}</nav>
</header>
<main>
${sections.map(({ id, title: name, content }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2>${content}</section>\n`)}
</main>
<footer>${footer}</footer>
${extras?.script === undefined ? '' : trusted(`<script>${extras.script}</script>\n`)}</body>
</html>
`.text;
