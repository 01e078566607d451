import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRun {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly params: Map<string, string>;
  readonly metrics: { readonly key: string; readonly value: number; readonly step: number }[];
  readonly tags: Map<string, string>;
  readonly artifacts: Map<string, Buffer>;
  status: string;
}

export type Trouble = 'none' | 'refuses' | 'errors' | 'hangs' | 'log-in page' | 'forbidden';

/** As much of an MLflow server as the tracker uses; `npm run interop` shows the same against a real one. */
export class FakeMlflow {
  readonly experiments = new Map<string, string>();
  readonly runs: FakeRun[] = [];
  readonly authorizations = new Set<string>();
  trouble: Trouble = 'none';
  servesArtifacts = true;
  requests = 0;
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    this.authorizations.add(request.headers.authorization ?? '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (this.trouble === 'hangs') return;
    if (this.trouble === 'refuses') return void request.socket.destroy();
    if (this.trouble === 'errors') return send(503, { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'come back' });
    if (this.trouble === 'forbidden') return send(403, { error_code: 'PERMISSION_DENIED', message: 'not you' });
    if (this.trouble === 'log-in page') return void response.writeHead(200).end('<html>log in</html>');
    const url = new URL(request.url ?? '', 'http://x');
    const body = Buffer.concat(chunks);
    const artifact = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.*)$/.exec(url.pathname)?.[1];
    if (artifact !== undefined) {
      const [, id = '', , ...path] = decodeURIComponent(artifact).split('/');
      this.find(id)?.artifacts.set(path.join('/'), body);
      return send(200, {});
    }
    const { status, value } = this.call(url, body.length === 0 ? {} : JSON.parse(body.toString()));
    send(status, value);
  }

  private find(id: unknown): FakeRun | undefined {
    return this.runs.find((run) => run.id === id);
  }

  private call(url: URL, body: Record<string, unknown>): { status: number; value: unknown } {
    const ok = (value: unknown = {}) => ({ status: 200, value });
    const run = this.find(body.run_id);
    switch (url.pathname.replace('/api/2.0/mlflow/', '')) {
      case 'experiments/get-by-name': {
        const id = this.experiments.get(url.searchParams.get('experiment_name') ?? '');
        if (id === undefined) return { status: 404, value: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no' } };
        return ok({ experiment: { experiment_id: id } });
      }
      case 'experiments/create': {
        const id = String(this.experiments.size + 1);
        this.experiments.set(body.name as string, id);
        return ok({ experiment_id: id });
      }
      case 'runs/search': {
        const wanted = /= '(.*)'$/.exec(body.filter as string)?.[1];
        const found = this.runs.filter(({ tags }) => tags.get('neurodex.run') === wanted);
        return ok({ runs: found.map((each) => this.info(each)) });
      }
      case 'runs/create': {
        const tags = body.tags as { key: string; value: string }[];
        const made: FakeRun = {
          id: `run${this.runs.length}`,
          name: body.run_name as string,
          experiment: body.experiment_id as string,
          params: new Map(),
          metrics: [],
          tags: new Map(tags.map(({ key, value }) => [key, value])),
          artifacts: new Map(),
          status: 'RUNNING',
        };
        this.runs.push(made);
        return ok({ run: this.info(made) });
      }
      case 'runs/log-batch': {
        const { metrics, params } = body as { metrics: FakeRun['metrics'][number][]; params: Record<string, string>[] };
        const wrong = metrics.find(({ key }) => !/^[\w\-. /:]+$/.test(key));
        if (run === undefined || wrong !== undefined || metrics.length > 1000 || params.length > 100)
          return { status: 400, value: { error_code: 'INVALID_PARAMETER_VALUE', message: `bad ${wrong?.key}` } };
        run.metrics.push(...metrics);
        for (const { key = '', value = '' } of params) run.params.set(key, value);
        return ok();
      }
      case 'runs/set-tag':
        run?.tags.set(body.key as string, body.value as string);
        return ok();
      case 'runs/update':
        if (run !== undefined) run.status = body.status as string;
        return ok();
      default:
        return { status: 404, value: { error_code: 'ENDPOINT_NOT_FOUND', message: url.pathname } };
    }
  }

  private info({ id, experiment }: FakeRun) {
    const root = this.servesArtifacts ? 'mlflow-artifacts:' : 'file:///srv/mlruns';
    return { info: { run_id: id, artifact_uri: `${root}/${experiment}/${id}/artifacts` } };
  }
}
