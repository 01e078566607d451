/** What HTML writes instead of characters in an attribute, as far as addresses hold them. */
const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&#38;': '&', '&#43;': '+', '&#x2b;': '+' };

/**
 * The links of a page of a package index (PEP 503: an anchor for each file, whose href may be relative and end in `#sha256=…`).
 * @param base address of the page
 */
export function hrefsIn(html: string, base: string): URL[] {
  const links: URL[] = [];
  for (const [, quoted = '', single = ''] of html.matchAll(
    /<a\s[^>]{0,1000}?href\s*=\s*(?:"([^"]{0,1000})"|'([^']{0,1000})')/gi,
  )) {
    const href = (quoted || single).replace(
      /&(?:amp|#\w{1,6});/gi,
      (entity) => ENTITIES[entity.toLowerCase()] ?? entity,
    );
    if (URL.canParse(href, base)) links.push(new URL(href, base));
  }
  return links;
}
