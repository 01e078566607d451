import { type FailedInput, NeurodexError, tooFewLeft } from '@neurodex/core';
import type { AdditionForm } from './addition-form.ts';
import { ApiError } from './api/problems.ts';
import type { Addition, Removal } from './api/schemas.ts';
import type { BasePath } from './base-path.ts';
import type { Host } from './host.ts';
import type { ChangeDesk, Changed, IndexVersion } from './index-changes.ts';
import { factsOf, VERSION_LENGTH } from './picture-facts.ts';
import { internal, problemOf, refusalOf } from './refusals.ts';

export interface ChangeServices {
  readonly host: Host;
  readonly desk: ChangeDesk;
  readonly basePath: BasePath;
  /** Waits until an index is served in a version, or in a later one. @returns false where it was not, in the time that it had */
  readonly served: (index: string, version: IndexVersion) => Promise<boolean>;
}

/** Adds pictures to indexes that are served, and removes them. */
export class Changes {
  private readonly services: ChangeServices;

  constructor(services: ChangeServices) {
    this.services = services;
  }

  /** @throws ApiError `index-unknown`, `index-fixed` before anything is read */
  check(index: string): void {
    this.services.host.index(index).checkWritable();
  }

  /** Answers once searches find the pictures. @throws ApiError; NeurodexError of the first picture where none can be used */
  async add(index: string, { pictures, labels, failed: refused }: AdditionForm): Promise<Addition> {
    const { host, desk, served } = this.services;
    const { id } = host.index(index);
    const { outcome, version } = await desk.ask(id, { kind: 'add', pictures, labels });
    if (outcome.kind !== 'added') throw refusalFrom(outcome);
    const failed = [...refused, ...outcome.failed];
    if (outcome.added.length + outcome.known.length === 0) throw tooFewLeft(failed);
    const isServed = await served(id, version);
    const now = host.index(id);
    const factsNow = async (picture: (typeof outcome.added)[number]) =>
      (await now.find(picture.id))?.facts ?? factsOf(id, undefined, picture, this.services.basePath);
    return {
      index: id,
      version: version.digest.slice(0, VERSION_LENGTH),
      served: isServed,
      added: await Promise.all(outcome.added.map(factsNow)),
      known: outcome.known.map(({ name, as }) => ({ name, picture: `${id}.${as}` })),
      failed: failed.map(problemOfFile),
    };
  }

  /** From now on no search returns the picture; answers once it is erased. @throws ApiError */
  async remove(index: string, picture: string): Promise<Removal> {
    const { host, desk } = this.services;
    const { from, facts, number } = await host.pictureIn(index, picture);
    const { created } = from.version;
    host.hide(from.id, number);
    try {
      const { outcome, version } = await desk.ask(from.id, { kind: 'remove', picture: number, created });
      if (outcome.kind !== 'removed') throw refusalFrom(outcome);
      return { index: from.id, id: facts.id, version: version.digest.slice(0, VERSION_LENGTH) };
    } catch (error) {
      host.show(from.id, number);
      throw error;
    }
  }
}

function refusalFrom(outcome: Changed['outcome']): Error {
  if (outcome.kind !== 'refused') return new Error(`a change was answered with ${outcome.kind}`);
  const { code, message, hint } = outcome;
  return new ApiError(code, message, hint === undefined ? {} : { hint });
}

/** A file that could not be added, as if it had been sent alone. */
function problemOfFile({ input, code, message, hint }: FailedInput): Addition['failed'][number] {
  const refusal = refusalOf(new NeurodexError(code, message, hint === null ? {} : { hint }));
  return { name: input, problem: problemOf(refusal ?? internal()) };
}
