import { describe, expect, it, test } from 'vitest';
import { PermanentFailure } from '../outbox.ts';
import { asFailure, MlflowRefusal, mlflowAddress } from './client.ts';

describe('asFailure', () => {
  const isPermanent = (error: unknown) => asFailure(error) instanceof PermanentFailure;

  test.each([
    [400, true],
    [401, true],
    [403, true],
    [404, true],
    [407, true],
    [408, false],
    [409, true],
    [428, true],
    [429, false],
    [430, true],
    [499, true],
    [500, false],
    [503, false],
  ])('an answer %i is permanent: %s', (status, permanent) => {
    expect(isPermanent(new MlflowRefusal(status, 'CODE', 'words'))).toBe(permanent);
  });

  it('keeps the words', () => {
    expect(asFailure(new MlflowRefusal(400, 'CODE', 'the server said no')).message).toBe('the server said no');
    expect(asFailure(new MlflowRefusal(503, 'CODE', 'the server is busy')).message).toContain('the server is busy');
  });

  it('passes what is permanent already, and takes a broken connection for passing', () => {
    const permanent = new PermanentFailure('not an MLflow server');
    expect(asFailure(permanent)).toBe(permanent);
    expect(isPermanent(new TypeError('fetch failed'))).toBe(false);
  });
});

describe('mlflowAddress', () => {
  const uri = (MLFLOW_TRACKING_URI: string, more = {}) => mlflowAddress({ MLFLOW_TRACKING_URI, ...more });

  it('takes the slashes from the end, and user and password out of the address', () => {
    const address = uri('http://ada:p%40ss@host:5000/base//');
    // 'ada:p@ss' in base64
    expect(address).toEqual({ url: 'http://host:5000/base', authorization: 'Basic YWRhOnBAc3M=' });
    expect(uri('http://host:5000')).toEqual({ url: 'http://host:5000', authorization: undefined });
  });

  it('takes user, password or token from the environment; a user goes before a token', () => {
    const user = { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'p@ss' };
    const token = { MLFLOW_TRACKING_TOKEN: 'secret' };
    expect(uri('https://host', user)).toMatchObject({ authorization: 'Basic YWRhOnBAc3M=' });
    expect(uri('https://host', token)).toMatchObject({ authorization: 'Bearer secret' });
    expect(uri('https://host', { ...user, ...token })).toMatchObject({ authorization: 'Basic YWRhOnBAc3M=' });
    expect(uri('https://host', { MLFLOW_TRACKING_TOKEN: '' })).toMatchObject({ authorization: undefined });
  });

  it('says what is wrong', () => {
    expect(mlflowAddress({})).toEqual({ problem: 'MLFLOW_TRACKING_URI is not set' });
    expect(uri('')).toEqual({ problem: 'MLFLOW_TRACKING_URI is not set' });
    expect(uri('nowhere')).toEqual({ problem: 'MLFLOW_TRACKING_URI is not an address' });
    expect(uri('file:///runs')).toEqual({ problem: expect.stringContaining('file: address') });
  });
});
