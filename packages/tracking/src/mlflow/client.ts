import { errorMessage, isRecord } from '@neurodex/core';
import { PermanentFailure, reasonOf } from '../outbox.ts';

/** Where an MLflow server is and how to get in; secrets are only ever in the header. */
export interface MlflowAddress {
  /** Without a slash at its end, and without a user or password: it is shown to people. */
  readonly url: string;
  readonly authorization: string | undefined;
}

/** @returns the address that the environment names, or why it names none */
export function mlflowAddress(env: Readonly<Record<string, string | undefined>>): MlflowAddress | { problem: string } {
  const named = env.MLFLOW_TRACKING_URI;
  if (named === undefined || named === '') return { problem: 'MLFLOW_TRACKING_URI is not set' };
  let url: URL;
  try {
    url = new URL(named);
  } catch {
    return { problem: 'MLFLOW_TRACKING_URI is not an address' };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { problem: `MLFLOW_TRACKING_URI is a ${url.protocol} address, not the http: or https: address of a server` };
  }
  const user = decodeURIComponent(url.username) || env.MLFLOW_TRACKING_USERNAME || '';
  const password = decodeURIComponent(url.password) || env.MLFLOW_TRACKING_PASSWORD || '';
  const basic = user === '' ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const token = env.MLFLOW_TRACKING_TOKEN;
  return {
    url: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    authorization: basic ?? (token ? `Bearer ${token}` : undefined),
  };
}

/** An answer of the server that is no success. */
export class MlflowRefusal extends Error {
  readonly status: number;
  /** 'RESOURCE_DOES_NOT_EXIST' … */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Most characters of a server's words in a warning. */
const MOST_WORDS = 300;

/** MLflow's REST API, version 2.0 (mlflow.org/docs/latest/rest-api.html). */
export class MlflowClient {
  private readonly address: MlflowAddress;

  constructor(address: MlflowAddress) {
    this.address = address;
  }

  get(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
    return this.request('GET', `/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`, undefined, signal);
  }

  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    return this.request('POST', `/api/2.0/mlflow/${path}`, { headers, body: JSON.stringify(body) }, signal);
  }

  /** @param root the run's artifact_uri, 'mlflow-artifacts:/…': the server keeps the files itself */
  async putArtifact(root: string, path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const base = root.replace(/^mlflow-artifacts:(\/\/[^/]*)?\/*/, '');
    const encoded = `${base}/${path}`.split('/').map(encodeURIComponent).join('/');
    const headers = { 'content-type': 'application/octet-stream' };
    await this.request('PUT', `/api/2.0/mlflow-artifacts/artifacts/${encoded}`, { headers, body: bytes }, signal);
  }

  private async request(
    method: string,
    path: string,
    content: { readonly headers: Record<string, string>; readonly body: string | Uint8Array } | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { url, authorization } = this.address;
    const response = await fetch(`${url}${path}`, {
      method,
      signal,
      // A server does not send these elsewhere; a log-in page would answer with success.
      redirect: 'error',
      headers: { ...content?.headers, ...(authorization === undefined ? {} : { authorization }) },
      ...(content === undefined ? {} : { body: content.body as string | Uint8Array<ArrayBuffer> }),
    });
    const text = await response.text();
    const answer = parsed(text);
    if (response.ok) {
      if (answer === undefined) throw new PermanentFailure('what answers there is not an MLflow server');
      return answer;
    }
    const { error_code, message }: Readonly<Record<string, unknown>> = isRecord(answer) ? answer : {};
    const code = typeof error_code === 'string' ? error_code : '';
    const words = typeof message === 'string' ? message : response.statusText;
    throw new MlflowRefusal(response.status, code, `it answered ${response.status}: ${words.slice(0, MOST_WORDS)}`);
  }
}

function parsed(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A refusal that asking again does not change: the request is wrong, or we may not. */
export function asFailure(error: unknown): Error {
  const passing =
    !(error instanceof MlflowRefusal) || error.status >= 500 || error.status === 429 || error.status === 408;
  if (!passing) return new PermanentFailure(errorMessage(error));
  return error instanceof PermanentFailure ? error : new Error(reasonOf(error));
}
