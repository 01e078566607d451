import ts from 'typescript';
import {
  type PackageFolder,
  PUBLISHED,
  type PublicApi,
  type PublicExport,
  packageOf,
  UNPROMISED,
} from './public-api.ts';

/**
 * The report of the API of each package: every name that it exports, with its declaration and without comments, in the order of the
 * alphabet. A change of what users see is a change of docs/api/*.api.md.
 */
export function apiReports(api: PublicApi): ReadonlyMap<PackageFolder, string> {
  return new Map(PUBLISHED.map((folder) => [folder, reportOf(folder, api)]));
}

const PRINTER = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

function reportOf(folder: PackageFolder, { exports }: PublicApi): string {
  const own = exports.filter((each) => each.folder === folder);
  const entries = [...new Set(own.map(({ entry }) => entry))];
  const lines = [
    `# The API of ${entries[0]}`,
    '',
    'What the package exports. `npx tsx docs/update.ts` writes this file, and a test compares it with the code.',
  ];
  for (const entry of entries) {
    const names = own.filter((each) => each.entry === entry).sort((a, b) => (a.name < b.name ? -1 : 1));
    lines.push('', `## ${entry}`, '', '```ts', names.map(declarationOf).join('\n\n'), '```');
  }
  return `${lines.join('\n')}\n`;
}

function declarationOf({ name, declarations, from }: PublicExport): string {
  if (from !== undefined) return `export { ${name} } from '${isOurs(from) ? nameOf(from) : from}';`;
  return declarations.map((declaration) => printed(declaration, name)).join('\n');
}

const isOurs = (from: string): boolean => PUBLISHED.some((folder) => folder === from);
const nameOf = (folder: string): string => (folder === 'neurodex' ? folder : `@neurodex/${folder}`);

function printed(declaration: ts.Declaration, name: string): string {
  // A constant stands in a statement.
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const text = PRINTER.printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile());
  const shown = text
    .replace(/^export declare /, 'export ')
    .replace(/^declare /, '')
    .replace(/^(?!export )/, 'export ');
  const own = ts.getNameOfDeclaration(declaration)?.getText() ?? name;
  return own === name ? shown : `// exported as ${name}\n${shown}`;
}

/** Types that declarations of exports name and that no package exports: users cannot name them. */
export function hiddenTypes({ checker, exports }: PublicApi): string[] {
  const known = new Set(exports.map(({ symbol }) => symbol));
  const found = new Set<string>();
  for (const { entry, name, declarations, from } of exports) {
    if (from !== undefined || UNPROMISED.has(entry)) continue;
    for (const declaration of declarations) {
      const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      visit(statement, (named) => {
        const alias = checker.getSymbolAtLocation(named);
        const symbol = alias && alias.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(alias) : alias;
        const [where] = symbol?.declarations ?? [];
        const owner = packageOf(where);
        if (symbol === undefined || where === undefined || known.has(symbol) || !isOurs(owner ?? '')) return;
        if (ts.isTypeParameterDeclaration(where) || isInside(where, statement) || isSchema(where)) return;
        found.add(`${entry}: ${name} names ${symbol.name}`);
      });
    }
  }
  return [...found].sort();
}

/** Types of the server's API follow from its schemas and routes, which stay its own: docs/serving.md describes them. */
const isSchema = (declaration: ts.Declaration): boolean =>
  /\/neurodex\/dist\/server\/api\//.test(declaration.getSourceFile().fileName);

const isInside = (node: ts.Node, other: ts.Node): boolean =>
  node === other || (node.parent !== undefined && isInside(node.parent, other));

/** The names of types in a declaration; a private member shows none. */
function visit(node: ts.Node, take: (name: ts.EntityName | ts.Expression) => void): void {
  if (ts.isTypeReferenceNode(node)) take(node.typeName);
  if (ts.isTypeQueryNode(node)) take(node.exprName);
  if (ts.isExpressionWithTypeArguments(node)) take(node.expression);
  ts.forEachChild(node, (child) => visit(child, take));
}
