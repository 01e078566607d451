import { NeurodexError } from '@neurodex/core';
import { checkKey } from '../keys.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** Where the objects of a place are, and who asks for them. */
export interface S3Settings {
  /** `s3://bucket/prefix`, for messages. */
  readonly place: string;
  readonly bucket: string;
  /** In front of every key: empty, or with a '/' at its end. */
  readonly prefix: string;
  readonly region: string;
  /** The address of the bucket, with a '/' at its end. */
  readonly address: URL;
  /** Undefined where the environment names none: requests are not signed, as public buckets allow. */
  readonly credentials: Credentials | undefined;
}

const PLACE = /^s3:\/\/([^/?#]+)(?:\/(.*))?$/s;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9-]{1,40}$/;

export const isS3Place = (place: string): boolean => /^s3:/i.test(place);

/**
 * Reads a place and what the environment says of S3, as other programs do: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN, AWS_REGION or AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. With an endpoint, the bucket is
 * the first part of the path; AWS_VIRTUAL_HOSTED_STYLE_REQUEST=true makes it a part of the name of the host, as Amazon's
 * own servers have it.
 * @throws NeurodexError `usage` naming the variable, without its value
 */
export function readS3Settings(place: string, environment: Environment): S3Settings {
  const [, bucket = '', path = ''] = PLACE.exec(place) ?? [];
  if (!BUCKET.test(bucket)) {
    throw new NeurodexError('usage', `${place} does not begin with the name of a bucket`, {
      hint: 'write s3://bucket or s3://bucket/prefix; a name has 3 to 63 lower-case letters, digits, - and .',
    });
  }
  const prefix = path.replace(/\/+$/, '');
  if (prefix !== '') checkKey(prefix);
  const region = settingOf(environment, 'AWS_REGION', 'AWS_DEFAULT_REGION')?.value ?? 'us-east-1';
  if (!REGION.test(region)) throw wrong('AWS_REGION', 'is no name of a region', 'write it as us-east-1');
  return {
    place: prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`,
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    region,
    address: addressOf(bucket, region, environment),
    credentials: credentialsOf(environment),
  };
}

function addressOf(bucket: string, region: string, environment: Environment): URL {
  const endpoint = settingOf(environment, 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  if (endpoint === undefined) {
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const host = `s3.${region}.${domain}`;
    // A certificate of *.s3… holds for one part of a name.
    return new URL(bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`);
  }
  const url = URL.canParse(endpoint.value) ? new URL(endpoint.value) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url === undefined || !isPlain || !/^https?:$/.test(url.protocol)) {
    throw wrong(endpoint.name, 'is not the address of a server', 'write it as https://host or https://host:port');
  }
  const path = url.pathname.replace(/\/*$/, '/');
  const isVirtual = settingOf(environment, 'AWS_VIRTUAL_HOSTED_STYLE_REQUEST')?.value.toLowerCase() === 'true';
  if (!isVirtual) return new URL(`${url.origin}${path}${bucket}/`);
  return new URL(`${url.protocol}//${bucket}.${url.host}${path}`);
}

function credentialsOf(environment: Environment): Credentials | undefined {
  const [id, secret, token] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map((name) => {
    const found = settingOf(environment, name);
    if (found === undefined || /^[\x21-\x7e]+$/.test(found.value)) return found;
    throw wrong(name, 'holds characters that no key has', 'set it to the key alone, without quotes or blanks');
  });
  if (id === undefined && secret === undefined) return undefined;
  if (id === undefined || secret === undefined) {
    const missing = id === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
    throw wrong(missing, 'is not set, although the other half of the key is', 'set both, or none for a public bucket');
  }
  return { accessKeyId: id.value, secretAccessKey: secret.value, sessionToken: token?.value };
}

/** The first of the variables that says something. */
function settingOf(environment: Environment, ...names: readonly string[]) {
  for (const name of names) {
    const value = environment[name]?.trim() ?? '';
    if (value !== '') return { name, value };
  }
  return undefined;
}

const wrong = (name: string, what: string, hint: string): NeurodexError =>
  new NeurodexError('usage', `${name} ${what}`, { hint, details: { variable: name } });
