import { posix } from 'node:path'
import { importsOf, textsOf, usesOf } from './imports.ts'

/** Path from the project root -> file text. */
export type Sources = ReadonlyMap<string, string>

export interface Rule {
  name: string
  /** One `file:line says what is wrong` for every violation. */
  check(sources: Sources): string[]
  /** Sources that break the rule once, to prove that it can fail. */
  planted: Record<string, string>
}

/** The file a relative specifier refers to. Null for a package. */
const targetOf = (file: string, specifier: string): string | null =>
  specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : null

/** Matches folders (ending in `/`) and files. `*-command.ts` matches in any folder. */
const isIn = (file: string, places: readonly string[]): boolean => places.some((place) => placeHas(place, file))
const placeHas = (place: string, file: string): boolean => {
  const [before = '', after] = place.split('*')
  return after === undefined
    ? file === place || (place.endsWith('/') && file.startsWith(place))
    : file.startsWith(before) && file.endsWith(after)
}

/** Each place may load itself and what it lists. A file belongs to the first place that matches. */
export function layersRule(
  name: string,
  layers: readonly (readonly [place: string, mayLoad: readonly string[]])[],
  planted: Rule['planted'],
): Rule {
  return {
    name,
    planted,
    check: (sources) =>
      [...sources].flatMap(([file, text]) => {
        const layer = layers.find(([place]) => placeHas(place, file))
        if (!layer) return []
        const [place, mayLoad] = layer
        return importsOf(file, text).flatMap(({ specifier, line }) => {
          const target = targetOf(file, specifier)
          return !target || isIn(target, [place, ...mayLoad]) ? [] : [`${file}:${line} loads ${target}`]
        })
      }),
  }
}

/** Places that a folder does not know at all, not even their types. */
export function strangersRule(within: string, strangers: readonly string[]): Rule {
  const [stranger = ''] = strangers
  const plantedTarget = stranger.endsWith('/') ? `${stranger}a.ts` : stranger
  return {
    name: `${within} knows nothing of ${strangers.join(', ')}`,
    planted: { [`${within}planted.ts`]: `import type { A } from '${posix.relative(within, plantedTarget)}'\n` },
    check: (sources) =>
      [...sources]
        .filter(([file]) => isIn(file, [within]))
        .flatMap(([file, text]) =>
          importsOf(file, text, { types: true }).flatMap(({ specifier, line }) => {
            const target = targetOf(file, specifier)
            return target && isIn(target, strangers) ? [`${file}:${line} knows ${target}`] : []
          }),
        ),
  }
}

/** Packages that only certain places may load. */
export function importerRule(packageName: string, places: readonly string[], within: readonly string[]): Rule {
  const isPackage = (specifier: string): boolean =>
    [specifier, specifier.replace(/^node:/, '')].some((each) => each === packageName || each.startsWith(`${packageName}/`))
  return {
    name: `${packageName} is loaded only in ${places.join(', ')}`,
    planted: { [`${within[0]}planted.ts`]: `const { x } = await import('${packageName}')\n` },
    check: (sources) =>
      [...sources]
        .filter(([file]) => isIn(file, within) && !isIn(file, places))
        .flatMap(([file, text]) =>
          importsOf(file, text).flatMap(({ specifier, line }) => (isPackage(specifier) ? [`${file}:${line} loads ${specifier}`] : [])),
        ),
  }
}

/** Names that only certain places may use. */
export function useRule(name: string, path: string, places: readonly string[], within: readonly string[]): Rule {
  return {
    name,
    planted: { [`${within[0]}planted.ts`]: `// nothing here\nconst value = ${path}\nconst text = '${path}'\n` },
    check: (sources) =>
      [...sources]
        .filter(([file]) => isIn(file, within) && !isIn(file, places))
        .flatMap(([file, text]) => usesOf(file, text, path).map((line) => `${file}:${line} uses ${path}`)),
  }
}

/** Texts that only certain places may have, and each of them once. */
export function onceRule(name: string, pattern: RegExp, places: readonly string[], within: readonly string[], example: string): Rule {
  return {
    name,
    planted: { [`${places[0]}planted.ts`]: `// ${example}\nconst one = '${example}'\nconst two = \`\${host}${example}\`\n` },
    check(sources) {
      const first = new Map<string, string>()
      return [...sources]
        .filter(([file]) => isIn(file, within))
        .flatMap(([file, source]) =>
          !pattern.test(source)
            ? []
            : textsOf(file, source).map(({ text, line }) => ({ file, at: `${file}:${line}`, found: pattern.exec(text)?.[0] })),
        )
        .flatMap(({ file, at, found }) => {
          if (found === undefined) return []
          if (!isIn(file, places)) return [`${at} has ${found}`]
          const before = first.get(found)
          if (before === undefined) first.set(found, at)
          return before === undefined ? [] : [`${at} has ${found}, as has ${before}`]
        })
    },
  }
}

/** No import cycles, so that a reader can always read a file's dependencies first. */
export const noCyclesRule: Rule = {
  name: 'value imports make no circle',
  planted: { 'api/a.ts': `import './b.ts'\n`, 'api/b.ts': `export * from './c.ts'\n`, 'api/c.ts': `import { a } from './a.ts'\n` },
  check(sources) {
    const done = new Set<string>()
    const found: string[] = []
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) return void found.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (done.has(file)) return
      for (const { specifier } of importsOf(file, sources.get(file) ?? '')) {
        const target = targetOf(file, specifier)
        if (target && sources.has(target)) visit(target, [...path, file])
      }
      done.add(file)
    }
    for (const file of sources.keys()) visit(file, [])
    return found
  },
}
