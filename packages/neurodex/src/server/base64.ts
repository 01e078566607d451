/** The bytes of padded base64 (RFC 4648); undefined for what is none. Node passes over what is none, so that too few bytes come of it. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return text.length % 4 === 0 && bytes.length === (3 * text.length) / 4 - padding ? bytes : undefined;
}
