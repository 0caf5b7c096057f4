import { isDeepStrictEqual } from 'node:util'
import type { ComposeCli } from '../../docker/engine.types.ts'
import type { AppFiles } from '../app-files.ts'
import { isMapping, mappingAt, type Mapping } from '../compose/draft-document.ts'
import type { AppContents } from '../versions/version.ts'

/**
 * Asks Compose to read several files and the one that was made from them. Null when it reads the same, and when it refuses both, which
 * is said elsewhere; else what differs.
 */
export function createMergeCheck({ files, compose }: { files: Pick<AppFiles, 'withDraft'>; compose: Pick<ComposeCli, 'resolve'> }) {
  return (name: string, contents: AppContents, [file = '', ...further]: readonly string[]): Promise<string | null> =>
    files.withDraft(name, contents, async (project) => {
      const { signal } = new AbortController()
      const [one, several] = await Promise.all([compose.resolve(project, signal), compose.resolve({ ...project, file, further }, signal)])
      const [problem] = several.problems
      if (problem) return one.problems.length > 0 ? null : `Compose refuses them together: ${problem.message}`
      if (one.problems.length > 0 || !isMapping(one.model) || !isMapping(several.model)) return 'Compose refuses them as one'
      return differenceOf(one.model, several.model)
    })
}

function differenceOf(one: Mapping, several: Mapping): string | null {
  if (isDeepStrictEqual(plain(one), plain(several))) return null
  const [ones, others] = [mappingAt(one, 'services'), mappingAt(several, 'services')]
  const names = [...new Set([...Object.keys(ones), ...Object.keys(others)])]
  const differing = names.filter((name) => !isDeepStrictEqual(plain(ones[name]), plain(others[name])))
  return differing.length === 0 ? 'Compose reads them differently as one' : `Compose reads ${differing.join(', ')} differently as one`
}

/** The order of keys does not count, nor that of mounts, which 1.29 sorts when it merges files. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (key, each: unknown) =>
      ['volumes', 'devices'].includes(key) && Array.isArray(each) ? each.map((entry) => JSON.stringify(entry)).toSorted() : each,
    ),
  )
