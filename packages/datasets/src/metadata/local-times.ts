import type { LocalTime } from './picture-metadata.ts';

type Parts = readonly [year: number, month: number, day: number, hour?: number, minute?: number, second?: number];

/** @param fraction digits behind the point of the seconds @returns undefined for a day or a time that there is not */
function localTime(
  [year, month, day, hour = 0, minute = 0, second = 0]: Parts,
  fraction = '',
  offset?: number,
): LocalTime | undefined {
  // A leap second is the first of the next minute.
  if (year < 1 || !(hour < 24 && minute < 60 && second <= 60)) return undefined;
  const milliseconds = Math.floor(Number(`0.${fraction.replace(/\D.*/s, '') || '0'}`) * 1000);
  const day0 = new Date(0);
  day0.setUTCFullYear(year, month - 1, day);
  if (day0.getUTCMonth() !== month - 1 || day0.getUTCDate() !== day) return undefined;
  const local = day0.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
  return offset === undefined ? { local } : { local, offset };
}

/** `+02:00`, `-0330` or `Z`, in minutes; undefined for anything else. */
export function offsetOf(text: string | undefined): number | undefined {
  const zone = text?.trim() ?? '';
  if (zone === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  const offset = Number(hours) * 60 + Number(minutes);
  if (sign === undefined || !(offset <= 18 * 60)) return undefined;
  return sign === '-' && offset > 0 ? -offset : offset;
}

/** EXIF: `2024:05:06 07:08:09`, with the digits of `SubSecTime…` and `OffsetTime…`, which may not be there. */
export function exifTime(text: string | undefined, fraction?: string, zone?: string): LocalTime | undefined {
  const found = /^(\d{4})[:-](\d{2})[:-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})/.exec(text?.trim() ?? '');
  return found === null ? undefined : localTime(numbers(found), fraction?.trim(), offsetOf(zone));
}

/** XMP: ISO 8601 with a whole day at the least; `2024` and `2024-05` are none. */
export function isoTime(text: string | undefined): LocalTime | undefined {
  const found =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
      text?.trim() ?? '',
    );
  return found === null ? undefined : localTime(numbers(found), found[7], offsetOf(found[8]));
}

/** IPTC-IIM: `20240506` and `070809+0200`. */
export function iptcTime(date: string | undefined, time: string | undefined): LocalTime | undefined {
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(date?.trim() ?? '');
  if (day === null) return undefined;
  const clock = /^(\d{2})(\d{2})(\d{2})([+-]\d{4})?$/.exec(time?.trim() ?? '');
  if (clock === null) return localTime(numbers(day));
  const [hour, minute, second] = numbers(clock);
  const [year, month, date_] = numbers(day);
  return localTime([year, month, date_, hour, minute, second], '', offsetOf(clock[4]));
}

function numbers(found: RegExpExecArray): Parts {
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((digits) => Number(digits ?? 0));
  return [year ?? NaN, month ?? NaN, day ?? NaN, hour ?? 0, minute ?? 0, second ?? 0];
}
