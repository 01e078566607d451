/**
 * JSON is parsed at once, on the thread that answers: some millions of empty arrays in a small body would hold that up for seconds. They
 * are counted before.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/**
 * Whether a JSON text has no more values than so many, by the commas and opening brackets outside of its strings; strings are passed
 * over, however long. What is no JSON may have any answer.
 */
export function hasAtMostValues(json: Uint8Array, most: number): boolean {
  let values = 1;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
    } else if (byte === COMMA || byte === BRACKET || byte === BRACE) {
      values++;
      if (values > most) return false;
    }
  }
  return true;
}

/** Where the string that begins at a quote ends; the end of the text where it does not. */
function endOfString(json: Uint8Array, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1); end >= 0; end = json.indexOf(QUOTE, end + 1)) {
    let before = end - 1;
    while (json[before] === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return json.length;
}
