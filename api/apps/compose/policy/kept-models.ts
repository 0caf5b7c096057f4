import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bounds } from '../../../bounds.ts'
import type { Clock } from '../../../clock.ts'
import type { ComposeCli, ComposeProject, ResolvedProject } from '../../../docker/engine.types.ts'
import { isClosedFile } from './closed-file.ts'

/** Accepting an app and running it follow each other. The secrets of its variables are in what is kept, so it is not kept for long. */
const keptMs = 10 * 60_000
/** With the size of each, at most 5 MB. */
const mostKept = 20
const mostText = 256 * 1024

interface Kept {
  /** As JSON, so that nobody changes what others get. */
  text: string
  at: number
}

/**
 * Resolves projects, and spares Compose what it has just done: the look right before Compose runs gets what it made of the accepted
 * draft. That is only so for a file that alone decides what becomes of it, and found by all of this as it is at that moment: the text
 * on the disk, Compose's variables, its version and the place of the folder. Drafts are always resolved.
 */
export function createKeptModels(deps: {
  compose: Pick<ComposeCli, 'resolve' | 'variables' | 'version'>
  directoryOf: (name: string) => string
  clock: Clock
}) {
  const { compose, clock } = deps
  const kept = new Map<string, Kept>()

  /** What the model follows from; null when it follows from more. */
  async function originOf(project: ComposeProject): Promise<string | null> {
    const own = deps.directoryOf(project.name)
    // From a folder that stands in for the app's, `..` leads to the same only beside it.
    if (dirname(project.directory) !== dirname(own)) return null
    const variables = Object.entries(compose.variables(project)).sort(([one], [other]) => (one < other ? -1 : 1))
    const texts = await Promise.all(filesOf(project).map(readText))
    if (!texts.every((text) => text !== null && isClosedFile(text))) return null
    const all = JSON.stringify([await compose.version(), project.name, own, texts, variables])
    return createHash('sha256').update(all).digest('hex')
  }

  function find(origin: string): ResolvedProject | null {
    const found = kept.get(origin)
    if (!found || clock.now().getTime() - found.at > keptMs) return null
    return JSON.parse(found.text) as ResolvedProject
  }

  function keep(origin: string, resolved: ResolvedProject, from: string, to: string): void {
    const text = JSON.stringify(resolved, (_, value: unknown) => (typeof value === 'string' ? moved(value, from, to) : value))
    const now = clock.now().getTime()
    for (const [key, { at }] of kept) if (key === origin || now - at > keptMs) kept.delete(key)
    if (text.length > mostText) return
    kept.set(origin, { text, at: now })
    for (const key of [...kept.keys()].slice(0, -mostKept)) kept.delete(key)
  }

  return {
    async resolve(project: ComposeProject, signal: AbortSignal): Promise<ResolvedProject> {
      const own = deps.directoryOf(project.name)
      const origin = await originOf(project)
      const found = origin !== null && project.directory === own && isAtHome(project) ? find(origin) : null
      if (found) return found
      const resolved = await compose.resolve(project, signal)
      // It may have been written to while Compose read it.
      const isSame = origin !== null && origin === (await originOf(project))
      if (isSame && resolved.problems.length === 0) keep(origin, resolved, project.directory, own)
      return resolved
    },
  }
}

const filesOf = ({ directory, file, overlay }: ComposeProject): string[] =>
  [file ?? 'compose.yaml', ...(overlay === undefined ? [] : [overlay])].map((name) => (name.startsWith('/') ? name : join(directory, name)))

/** Its Compose file is not a draft beside the folder. */
const isAtHome = (project: ComposeProject): boolean => filesOf(project).every((file) => dirname(file) === project.directory)

async function readText(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null)
  if (!found?.isFile() || found.size > bounds.app.composeBytes) return null
  return readFile(path, 'utf8').catch(() => null)
}

/** A folder that stands in has a name by chance, so nobody means it but Compose. */
const moved = (text: string, from: string, to: string): string =>
  text === from || text.startsWith(`${from}/`) ? `${to}${text.slice(from.length)}` : text
