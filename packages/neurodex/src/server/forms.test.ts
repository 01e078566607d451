import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formReader } from './forms.ts';

const TYPE = 'multipart/form-data; boundary=b';
const read = (form: string, type = TYPE): string =>
  Buffer.from(formReader(type)(Buffer.from(form, 'latin1'))).toString('latin1');
const part = (content: string, head = 'Content-Disposition: form-data; name="picture"; filename="a"'): string =>
  `--b\r\n${head}\r\n\r\n${content}\r\n`;

describe('a form with one file', () => {
  it('is read as the platform writes it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.string({ unit: 'grapheme' }),
        async (content, fileName) => {
          const data = new FormData();
          data.set('picture', new Blob([Uint8Array.from(content)]), fileName);
          const written = new Response(data);
          const type = written.headers.get('content-type') as string;
          const file = formReader(type)(Buffer.from(await written.arrayBuffer()));
          expect([...file]).toEqual([...content]);
        },
      ),
    );
  });

  it.each([
    ['curl', `${part('x')}--b--\r\n`],
    ['no line break at its end', `${part('x')}--b--`],
    ['words before and behind it', `preamble\r\n${part('x')}--b--\r\nepilogue\r\n--b\r\n`],
    ['blanks behind its delimiters', part('x').replace('--b', '--b \t').concat('--b--\r\n')],
    ['a name without quotes', `${part('x', 'content-disposition: form-data; filename=a; name=picture')}--b--`],
    [
      'more headers',
      `${part('x', 'Content-Type: image/png\r\nContent-Disposition: form-data; name="picture"; filename=""')}--b--`,
    ],
    [
      "a file name in RFC 5987's form",
      `${part('x', "Content-Disposition: form-data; name=picture; filename*=UTF-8''a")}--b--`,
    ],
  ])('may have %s', (_, form) => expect(read(form)).toBe('x'));

  it.each([
    ['a delimiter that goes on', 'a\r\n--bc\r\nd'],
    ['a delimiter inside a line', 'a --b\r\n'],
    ['line breaks', '\r\n\r\n'],
    ['nothing', ''],
  ])('may hold %s', (_, content) => expect(read(`${part(content)}--b--\r\n`)).toBe(content));

  it.each(['multipart/form-data;boundary="b"', 'multipart/form-data; charset=utf-8; BOUNDARY=b'])(
    'may be of the type %s',
    (type) => expect(read(`${part('x')}--b--`, type)).toBe('x'),
  );
});

describe('a form that is refused', () => {
  it.each([
    ['the form has no file', ''],
    ['the form has no file', '--b--\r\n'],
    ['the form has no file', 'x'.repeat(300_000)],
    ['the form has no file', `${'x'.repeat(300_000)}\r\n--b--`],
    ['the form ends too early', part('x'.repeat(300_000))],
    ['the form ends too early', `${part('x')}--b`],
    ['the form has more than one file', `${part('x')}${part('y')}--b--`],
    [
      'the form has fields beside the file',
      `${part('x')}${part('y', 'Content-Disposition: form-data; name="z"')}--b--`,
    ],
    ['the form has fields beside the file', `${part('y', 'Content-Disposition: form-data; name="picture"')}--b--`],
    [
      'the form has a file in the field "file"',
      `${part('x', 'Content-Disposition: form-data; name=file; filename=a')}--b--`,
    ],
    [
      'the form has a file in the field "__proto__"',
      `${part('x', 'Content-Disposition: form-data; name=__proto__; filename=a')}--b--`,
    ],
    ['the form has a part without a name', `--b\r\n\r\nx\r\n--b--`],
    [
      'the form has a part without a name',
      `${part('x', 'Content-Disposition: attachment; name=picture; filename=a')}--b--`,
    ],
    [
      'the form has a part without a name',
      `${part('x', 'Content-Disposition: form-data; name=picture; name=a; filename=a')}--b--`,
    ],
    ['the form has a part whose header has no end', `--b\r\n${'X: y\r\n'.repeat(5000)}`],
    [
      'the form has a part whose header has no end',
      '--b\r\nContent-Disposition: form-data; name="picture"; filename="a"',
    ],
    [
      'the form has a part in a transfer encoding',
      `${part('x', 'Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=picture; filename=a')}--b--`,
    ],
  ])('because %s', (message, form) => expect(() => read(form)).toThrow(message));

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="b',
    "multipart/form-data; boundary*=utf-8''b",
    'multipart/form-data; boundary=b; boundary=c',
    `multipart/form-data; boundary=${'b'.repeat(71)}`,
  ])('for its type %s has no boundary', (type) => expect(() => read('', type)).toThrow('the form has no boundary'));

  it('is nothing else, whatever it holds', () => {
    const pieces = fc.constantFrom(
      '--b',
      '--b--',
      '\r\n',
      '\r\n--b\r\n',
      'Content-Disposition: form-data',
      '; name="picture"',
      '; filename=a',
      '"',
      '\\',
      '\0',
      'x',
    );
    const forms = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }).map((all) => all.join(''));
    fc.assert(
      fc.property(forms, (form) => {
        try {
          read(form);
        } catch (error) {
          expect(error).toMatchObject({ code: 'body-malformed', status: 400 });
        }
      }),
    );
  });
});
