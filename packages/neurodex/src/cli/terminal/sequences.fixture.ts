/** Reads what is sent to terminals, by the documents of each protocol and stricter than terminals do. */

export interface KittyPicture {
  readonly columns: number;
  readonly png: Buffer;
}

/** By https://sw.kovidgoyal.net/kitty/graphics-protocol/. @throws Error for whatever is not allowed there */
export function readKitty(text: string): KittyPicture {
  const chunks = text.split('\u001b\\');
  if (chunks.pop() !== '') throw new Error('a sequence is not terminated');
  let base64 = '';
  let columns = NaN;
  for (const [i, chunk] of chunks.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin and end with them
    const [, control = '', payload = ''] = /^\u001b_G([a-zA-Z0-9=,]*);([A-Za-z0-9+/=]*)$/.exec(chunk) ?? fail(chunk);
    const keys = Object.fromEntries(control.split(',').map((pair) => pair.split('=')));
    const isLast = i === chunks.length - 1;
    if (keys.m !== (isLast ? '0' : '1')) throw new Error(`m=${keys.m} in chunk ${i} of ${chunks.length}`);
    if (payload.length > 4096 || (!isLast && payload.length % 4 !== 0)) throw new Error('a chunk of a wrong size');
    const names = Object.keys(keys).sort().join('');
    if (names !== (i === 0 ? 'acfmq' : 'm')) throw new Error(`keys ${names} in chunk ${i}`);
    if (i === 0 && (keys.a !== 'T' || keys.f !== '100' || keys.q !== '2')) throw new Error(control);
    if (i === 0) columns = Number(keys.c);
    base64 += payload;
  }
  return { columns, png: decoded(base64) };
}

/** By https://iterm2.com/documentation-images.html */
export function readIterm2(text: string): KittyPicture {
  const pattern =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin and end with them
    /^\u001b\]1337;File=inline=1;size=([0-9]+);width=([0-9]+);height=auto;preserveAspectRatio=1:([A-Za-z0-9+/=]+)\u0007$/;
  const [, size, columns, base64 = ''] = pattern.exec(text) ?? fail(text);
  const png = decoded(base64);
  if (png.length !== Number(size)) throw new Error(`${png.length} bytes, where it says ${size}`);
  return { columns: Number(columns), png };
}

export interface SixelPicture {
  readonly width: number;
  readonly height: number;
  /** RGBA */
  readonly pixels: Uint8Array;
}

/** By the VT330/VT340 Programmer Reference, chapter 14. */
export function readSixel(text: string): SixelPicture {
  const [, w = '', h = '', body = ''] =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin and end with them
    /^\u001bP0;1;0q"1;1;([0-9]+);([0-9]+)([^\u001b]*)\u001b\\$/.exec(text) ?? fail(text);
  const [width, height] = [Number(w), Number(h)];
  const pixels = new Uint8Array(width * height * 4);
  const registers = new Map<number, readonly number[]>();
  let [x, top, colour] = [0, 0, NaN];
  const tokens = body.match(/#[0-9]+;2;[0-9]+;[0-9]+;[0-9]+|#[0-9]+|![0-9]+[?-~]|[?-~]|\$|-/g) ?? [];
  if (tokens.join('') !== body) throw new Error('characters that have no meaning');
  for (const token of tokens) {
    if (token === '$') x = 0;
    else if (token === '-') [x, top] = [0, top + 6];
    else if (token.startsWith('#')) {
      const [register = NaN, , ...percent] = token.slice(1).split(';').map(Number);
      if (register > 255 || percent.some((value) => value > 100)) throw new Error(token);
      if (percent.length > 0)
        registers.set(
          register,
          percent.map((value) => Math.round((value * 255) / 100)),
        );
      else if (!registers.has(register)) throw new Error(`${token} is not defined`);
      else colour = register;
    } else {
      const [, count = '1', character = ''] = /^!?([0-9]+)?([?-~])$/.exec(token) ?? fail(token);
      const bits = character.charCodeAt(0) - 63;
      for (let i = 0; i < Number(count); i++, x++) {
        for (let row = 0; row < 6; row++) {
          if ((bits & (1 << row)) === 0) continue;
          if (x >= width || top + row >= height) throw new Error('a pixel outside of the picture');
          pixels.set(
            [...(registers.get(colour) ?? fail('a pixel without a colour')), 255],
            4 * ((top + row) * width + x),
          );
        }
      }
    }
  }
  return { width, height, pixels };
}

function decoded(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) throw new Error('no canonical base64');
  return bytes;
}

function fail(text: string): never {
  throw new Error(`not allowed: ${JSON.stringify(text.slice(0, 80))}`);
}
