import ts from 'typescript';
import { isCallable, type PublicApi, type PublicExport, UNPROMISED } from './public-api.ts';

/** An example of a docstring. */
export interface Example {
  /** 'neurodex: Index.search' */
  readonly name: string;
  readonly code: string;
}

export interface Examples {
  readonly examples: readonly Example[];
  /** Functions, classes and methods of interfaces that have none. */
  readonly missing: readonly string[];
}

/** Interfaces whose methods are what the library does: each has an example of its own. */
const DOCUMENTED_INTERFACES: ReadonlySet<string> = new Set(['neurodex: Index']);

/** The examples of all that the packages export, each under the name that it is imported by. */
export function examplesOf({ exports, checker }: PublicApi): Examples {
  const examples: Example[] = [];
  const missing: string[] = [];
  const take = (name: string, declarations: readonly ts.Node[], isNeeded: boolean): void => {
    const found = declarations.flatMap(codesOf);
    examples.push(...found.map((code, i) => ({ name: found.length > 1 ? `${name} ${i + 1}` : name, code })));
    if (isNeeded && found.length === 0) missing.push(name);
  };
  for (const each of exports) {
    if (each.from !== undefined || UNPROMISED.has(each.entry)) continue;
    const name = `${each.entry}: ${each.name}`;
    take(name, statementsOf(each), isCallable(each, checker));
    for (const declaration of each.declarations) {
      if (!ts.isInterfaceDeclaration(declaration) && !ts.isClassDeclaration(declaration)) continue;
      for (const member of declaration.members) {
        if (!ts.isMethodSignature(member) && !ts.isMethodDeclaration(member)) continue;
        const isNeeded = DOCUMENTED_INTERFACES.has(name) && member.name.getText() !== 'close';
        take(`${name}.${member.name.getText()}`, [member], isNeeded);
      }
    }
  }
  return { examples, missing: missing.sort() };
}

/** Where the docstrings of an export are: those of a constant stand before its statement. */
const statementsOf = ({ declarations }: PublicExport): ts.Node[] =>
  declarations.map((declaration) => (ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration));

function codesOf(node: ts.Node): string[] {
  return ts
    .getJSDocTags(node)
    .filter(({ tagName }) => tagName.text === 'example')
    .map(({ comment }) => {
      const text = ts.getTextOfJSDocComment(comment) ?? '';
      const [, code] = /```ts\n([\s\S]*?)\n```/.exec(text) ?? [];
      if (code === undefined) throw new Error(`an example of ${node.getText().slice(0, 60)} is no block of TypeScript`);
      return code;
    });
}
