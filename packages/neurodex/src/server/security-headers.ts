/** On every answer. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  // Pages of other sites show no picture of an index, and learn nothing from whether it loads.
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Of answers that are no pages: should one be shown as a page after all, it can do nothing. */
export const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

/** Of the pages: scripts, styles and pictures of this server, and pictures that the page itself makes (blob:). */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
