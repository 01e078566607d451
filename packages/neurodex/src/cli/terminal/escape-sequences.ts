/** Bytes of base64 in one sequence of kitty's: as many as its specification allows. */
const CHUNK = 4096;

/** A PNG by kitty's graphics protocol: transmitted, and shown at the cursor as wide as `columns` cells. The terminal answers nothing. */
export function kittySequence(png: Uint8Array, columns: number): string {
  const base64 = Buffer.from(png).toString('base64');
  const count = Math.max(1, Math.ceil(base64.length / CHUNK));
  return Array.from({ length: count }, (_, i) => {
    const first = i === 0 ? `a=T,f=100,q=2,c=${columns},` : '';
    const more = i < count - 1 ? 1 : 0;
    return `\u001b_G${first}m=${more};${base64.slice(i * CHUNK, (i + 1) * CHUNK)}\u001b\\`;
  }).join('');
}

/** A picture by iTerm2's protocol of inline images: as wide as `columns` cells, in its own shape. */
export function iterm2Sequence(png: Uint8Array, columns: number): string {
  const keys = `inline=1;size=${png.length};width=${columns};height=auto;preserveAspectRatio=1`;
  return `\u001b]1337;File=${keys}:${Buffer.from(png).toString('base64')}\u0007`;
}
