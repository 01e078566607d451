import { defined } from '@neurodex/core';

/** Markup that may stand in a page as it is. Only `html` and `trusted` make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Html | readonly Html[];

/** Markup that was made by a program of ours, never by a user: charts, data URLs of pictures that we encoded. */
export const trusted = (text: string): Html => new Html(text);

/** A template whose values are escaped, in text and in quoted attributes alike, unless they are `Html` themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(
    parts.reduce((page, part, i) => page + markup(defined(values[i - 1], 'a value of the template')) + part),
  );
}

const markup = (value: Value): string =>
  value instanceof Html
    ? value.text
    : typeof value === 'object'
      ? value.map(({ text }) => text).join('')
      : escapeXml(String(value));

/** Text for HTML and SVG, and for their attributes in quotes. */
export const escapeXml = (text: string): string =>
  printableXml(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Characters that XML forbids become U+FFFD. */
export const printableXml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in XML
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');

/** JSON inside a script element: no `<`, so that no text in it can end the element. */
export const jsonScript = (id: string, value: unknown): Html =>
  trusted(`<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`);
