import type { Random } from '@neurodex/autograd';
import { headOf } from './attack-client.ts';
import type { Files, Upload } from './attack-uploads.ts';

/** Forms and JSON that are generated, and then changed at random. */

const NAMES = [
  'picture',
  'picture',
  'picture',
  'file',
  '__proto__',
  'constructor',
  '',
  'pic"ture',
  'x'.repeat(9000),
  '\u00ff',
  '%00',
  '[]',
];
const HEADERS = [
  '',
  'Content-Type: image/png\r\n',
  'Content-Type: multipart/mixed; boundary=c\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Type: text/plain; charset=no-such\r\n',
  `X-Long: ${'y'.repeat(20_000)}\r\n`,
  'X: y\r\n'.repeat(500),
  'no colon\r\n',
  '\0: \0\r\n',
];
const FILE_NAMES = [
  '; filename="a.png"',
  "; filename*=utf-16''%ff%fe",
  "; filename*=no-such''%41",
  '; filename=',
  '',
  '; filename="../../x"',
  '; filename="\0"',
];
const TYPES = [
  'multipart/form-data; boundary=b',
  'multipart/form-data; boundary=b',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary="b',
  `multipart/form-data; boundary=${'b'.repeat(3000)}`,
  'multipart/form-data; boundary=b; boundary=c',
  "multipart/form-data; boundary*=utf-16''b",
  'multipart/mixed; boundary=b',
];

function part(random: Random, files: Files): Buffer {
  const content =
    random.integer(3) === 0 ? files.noise.subarray(0, random.integer(3000)) : random.pick(files.pictures).bytes;
  const head = `--b\r\nContent-Disposition: form-data; name="${random.pick(NAMES)}"${random.pick(FILE_NAMES)}\r\n`;
  return Buffer.concat([Buffer.from(`${head}${random.pick(HEADERS)}\r\n`, 'latin1'), content, Buffer.from('\r\n')]);
}

function form(random: Random, files: Files): Buffer {
  const parts = random.pick([0, 1, 1, 1, 1, 2, 3, 3000]);
  // Thousands of parts are thousands of the smallest.
  const small = Buffer.from('--b\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nx\r\n');
  const all = Array.from({ length: parts }, () => (parts > 10 ? small : part(random, files)));
  return Buffer.concat([
    ...all,
    Buffer.from(random.pick(['--b--\r\n', '--b--\r\n', '--b--', '--b', '', '--b--\r\n--b--\r\n'])),
  ]);
}

const JSONS = [
  '{"picture":"random.0"}',
  '{"picture":3}',
  '{"picture":{"picture":"random.0"}}',
  '{"__proto__":{"picture":"random.0"}}',
  '{"picture":"random.0","__proto__":null}',
  '[]',
  'null',
  '""',
  '{',
  '{"picture":"\\ud800"}',
  '{"picture":"random.0\\u0000"}',
  `{"picture":"${'x'.repeat(100_000)}"}`,
  `{"${'k'.repeat(50_000)}":1}`,
  '['.repeat(60_000),
  '\ufeff{"picture":"random.0"}',
  '\u0000',
  '',
];

/** Bytes overwritten, cut off, or doubled. */
function mutated(random: Random, body: Buffer): Buffer {
  if (body.length === 0) return body;
  const at = random.integer(body.length);
  if (random.integer(4) === 0) return body.subarray(0, at);
  if (random.integer(4) === 0) return Buffer.concat([body, body.subarray(at)]);
  const out = Buffer.from(body);
  for (let n = random.integer(12); n > 0; n--) out[random.integer(Math.min(out.length, 400))] = random.integer(256);
  return out;
}

/** The i-th form of an attack. */
export function hostileForm(random: Random, files: Files, i: number): Upload {
  const isJson = i % 4 === 0;
  const type = isJson ? random.pick(['application/json', 'application/json; charset=utf-16']) : random.pick(TYPES);
  const whole = isJson ? Buffer.from(random.pick(JSONS)) : form(random, files);
  const body = random.integer(3) === 0 ? mutated(random, whole) : whole;
  return {
    kind: isJson ? 'JSON' : 'form',
    head: headOf('POST', '/v1/search?k=1', { 'Content-Type': type, 'Content-Length': body.length }),
    body: [body],
  };
}
