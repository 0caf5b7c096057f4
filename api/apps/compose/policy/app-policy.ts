import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../../clock.ts'
import type { ComposeRemark, ComposeVerdict } from '../../../docker/compose-remark.ts'
import type { ComposeCli, ComposeProject, EngineProjects } from '../../../docker/engine.types.ts'
import { bounds } from '../../../bounds.ts'
import { AppError } from '../../../errors.ts'
import type { Allowance } from '../../app.ts'
import { allowancesFor, covers, idleWords, withAllowances } from './allowances.ts'
import { createKeptModels } from './kept-models.ts'
import { modelHash } from './model-hash.ts'
import { authoredFindings, modelFindings, type PolicyPlace } from './policy-findings.ts'
import type { PolicyFinding } from './policy-finding.ts'

/** What this node's administrator decided for all of its apps. */
export interface PolicySettings {
  /** COMPOSE_POLICY=open: nothing is looked for. */
  isOpen: boolean
  /** ALLOWED_VOLUME_PATHS */
  allowedPaths: readonly string[]
}

/** What a file may do besides what every file may. */
export interface Permit {
  /** What was allowed before. */
  allowances: readonly Allowance[]
  /** What an administrator allows now: `rule` or `rule:detail`. */
  allow?: readonly string[] | null | undefined
  by?: string
}

export interface Looked extends ComposeVerdict {
  findings: PolicyFinding[]
  /** Those that the file needs. */
  allowances: Allowance[]
  /** Null when Compose was not asked, because that alone would break the policy, or refuses the file. */
  model: unknown
  modelHash: string | null
  /** This node has no safety policy. */
  isOff: boolean
}

export type AppPolicy = ReturnType<typeof createAppPolicy>

/** Looks at an app twice, as the node that is to run it: at the text before Compose may resolve it, then at the model. */
export function createAppPolicy(deps: {
  settings: PolicySettings
  compose: Pick<ComposeCli, 'resolve' | 'variables' | 'version'>
  volumes: EngineProjects['volumeDrivers']
  directoryOf: (name: string) => string
  clock: Clock
}) {
  const { settings, compose } = deps
  const models = createKeptModels(deps)

  function placeOf(project: ComposeProject, content: string): Required<PolicyPlace> {
    const { DOCKER_HOST: host = '' } = compose.variables(project)
    return {
      folders: [project.directory, deps.directoryOf(project.name)],
      allowedPaths: [...settings.allowedPaths],
      sockets: host.startsWith('unix://') ? [host.slice('unix://'.length)] : [],
      content,
      hide: project.mask ?? ((text) => text),
    }
  }

  /** The findings, as far as they are allowed, and the allowances that they need. @throws INVALID_INPUT for a word that is no rule */
  async function judge(found: PolicyFinding[], { allowances, allow, by = '' }: Permit): Promise<Pick<Looked, 'findings' | 'allowances'>> {
    const before = withAllowances(found, [...allowances])
    const open = before.filter(({ allowed }) => !allowed)
    const added = await allowancesFor(open, allow ?? [], { by, at: deps.clock.now() })
    const needed = [...allowances, ...added].filter((allowance) => found.some((finding) => covers(allowance, finding)))
    const all = [...new Map(needed.map((each) => [JSON.stringify([each.rule, each.detail, each.service]), each])).values()]
    if (all.length > bounds.app.allowances) {
      throw new AppError('CONFLICT', `The app would need ${all.length} allowances. The maximum is ${bounds.app.allowances}`)
    }
    return { findings: withAllowances(found, all), allowances: all }
  }

  /** @param content the app's Compose file. @throws INVALID_INPUT for a word in `allow` that is no rule; DOCKER_UNAVAILABLE */
  return async function look(project: ComposeProject, content: string, permit: Permit, signal: AbortSignal): Promise<Looked> {
    if (settings.isOpen) {
      const resolved = await models.resolve(project, signal)
      return { ...resolved, findings: [], allowances: [...permit.allowances], modelHash: null, isOff: true }
    }
    const isOff = false
    const place = placeOf(project, content)
    const text = await authoredFindings({ read: readText, variables: compose.variables(project) }, place)
    const first = await judge(text, permit)
    if (first.findings.some(({ allowed }) => !allowed)) return { ...first, ...notAsked, model: null, modelHash: null, isOff }
    const resolved = await models.resolve(project, signal)
    if (resolved.problems.length > 0) return { ...resolved, ...first, modelHash: null, isOff }
    const second = await modelFindings(resolved.model, place, await deps.volumes())
    const found = [...text, ...second]
    const idle = (await idleWords(found, permit.allow ?? [])).map((word) => aboutTheWhole(idleWarning(place.hide(word))))
    return {
      ...resolved,
      warnings: [...resolved.warnings, ...idle],
      ...(await judge(found, permit)),
      modelHash: modelHash(resolved.model, project),
      isOff,
    }
  }
}

const idleWarning = (word: string): string => `"${word}" in allow has no effect: nothing in this app asks for it`

const notAsked: ComposeVerdict = { problems: [], warnings: [] }

/** A file that Compose would read as another Compose file. Cut where it becomes too large to be one, which is then said. */
async function readText(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null)
  if (!found?.isFile()) return null
  if (found.size > bounds.app.composeBytes * 4) return ' '.repeat(bounds.app.composeBytes + 1)
  return readFile(path, 'utf8').catch(() => null)
}

/** A warning that has no place in the file. */
const aboutTheWhole = (message: string): ComposeRemark => ({ message, file: null, line: null, column: null, path: [], value: null })
