import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What the packages publish, as the compiler reads it from their declarations. The workspace has to be built. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Folders of the packages that are published, those first that others need. */
export const PUBLISHED = ['core', 'objects', 'autograd', 'datasets', 'tracking', 'neurodex'] as const;
export type PackageFolder = (typeof PUBLISHED)[number];

/** Parts of packages that are there for our own pages: they may change with any version. */
export const UNPROMISED: ReadonlySet<string> = new Set([
  'neurodex/browser',
  'neurodex/browser-build',
  '@neurodex/datasets/skipped',
]);

/** A name that a package exports. */
export interface PublicExport {
  readonly folder: PackageFolder;
  /** By which it is imported: 'neurodex/client'. */
  readonly entry: string;
  readonly name: string;
  readonly symbol: ts.Symbol;
  /** Where it is declared; of an alias, what that stands for. */
  readonly declarations: readonly ts.Declaration[];
  /** The package whose declarations hold it, where that is another one of ours. */
  readonly from: string | undefined;
}

export interface PublicApi {
  readonly checker: ts.TypeChecker;
  readonly exports: readonly PublicExport[];
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'));

/** The names by which the parts of a package are imported, with their declarations. */
export function entriesOf(folder: PackageFolder): { readonly entry: string; readonly file: string }[] {
  const { name, exports } = manifestOf(folder);
  return Object.entries(exports).map(([path, { types }]) => ({
    entry: path === '.' ? name : `${name}/${path.slice(2)}`,
    file: join(ROOT, 'packages', folder, types),
  }));
}

/** How users compile who use the packages. */
export const USER_OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
};

export function readPublicApi(): PublicApi {
  const entries = PUBLISHED.flatMap((folder) => entriesOf(folder).map((each) => ({ folder, ...each })));
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { ...USER_OPTIONS, noEmit: true },
  );
  const checker = program.getTypeChecker();
  const exports = entries.flatMap(({ folder, entry, file }) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} is not there: run npm run build`);
    return checker.getExportsOfModule(module).map((exported): PublicExport => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const declarations = symbol.declarations ?? [];
      const owner = packageOf(declarations[0]);
      return { folder, entry, name: exported.name, symbol, declarations, from: owner === folder ? undefined : owner };
    });
  });
  return { checker, exports };
}

/** The folder of the package of ours that declares something; the name of another's package. */
export function packageOf(declaration: ts.Declaration | undefined): string | undefined {
  const file = declaration?.getSourceFile().fileName ?? '';
  const [, folder] = /\/packages\/([^/]+)\/dist\//.exec(file) ?? [];
  if (folder !== undefined) return folder;
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(file)?.[1] ?? dirname(file);
}

/** Whether something can be called: a function, a class, or a constant that is one. */
export function isCallable({ symbol, declarations }: PublicExport, checker: ts.TypeChecker): boolean {
  if (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) return true;
  const [declaration] = declarations;
  if (declaration === undefined || !(symbol.flags & ts.SymbolFlags.Variable)) return false;
  return checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures().length > 0;
}

/** Exported interfaces and classes whose members lack a docstring, and exports that lack one. */
export function undocumented({ exports }: PublicApi): string[] {
  const found = new Set<string>();
  for (const { entry, name, declarations, from } of exports) {
    if (from !== undefined || UNPROMISED.has(entry)) continue;
    for (const declaration of declarations) {
      const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      // Of an overloaded function, the first signature is documented.
      if (declaration === declarations[0] && !hasDocstring(statement)) found.add(`${entry}: ${name}`);
      if (!ts.isInterfaceDeclaration(declaration) && !ts.isClassDeclaration(declaration)) continue;
      for (const member of declaration.members) {
        const isHidden = ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
        const called = member.name?.getText();
        if (called !== undefined && !isHidden && !hasDocstring(member)) found.add(`${entry}: ${name}.${called}`);
      }
    }
  }
  return [...found].sort();
}

/** Tags alone do not say what something is. */
const hasDocstring = (node: ts.Node): boolean =>
  ts.getJSDocCommentsAndTags(node).some(({ comment }) => (ts.getTextOfJSDocComment(comment) ?? '').trim() !== '');
