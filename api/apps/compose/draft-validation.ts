import pLimit from 'p-limit'
import { stringify } from 'yaml'
import { bounds, cut, cutOrNull } from '../../bounds.ts'
import type { ComposeVerdict } from '../../docker/compose-remark.ts'
import { AppError } from '../../errors.ts'
import type { CreateAppInput } from '../app-creation.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRecords } from '../app-records.ts'
import { judgeCompose, type Judgement } from '../compose-check.ts'
import { checkAppName } from '../compose-file.ts'
import type { ComposeProblem } from '../compose-problem.ts'
import type { ContainerWatch } from '../container-watch.ts'
import type { AppRow } from '../app.entity.ts'
import { findEnv } from '../environment/env-on-disk.ts'
import { withFoundEnv } from '../environment/project-input.ts'
import { variablesOf, type ComposeVariable } from '../environment/variables.ts'
import { isMapping } from './draft-document.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import { changedContents, noContents } from '../versions/contents-input.ts'
import type { AppContents } from '../versions/version.ts'
import type { NodeFacts } from './node-facts.ts'
import { checkText, placeFault, type TextCheck } from './text-check.ts'
import { unusedWords } from './unused-words.ts'
import type { AppPolicy, Looked, Permit } from './policy/app-policy.ts'
import type { Permissions } from './policy/permissions.ts'
import type { PolicyFinding } from './policy/policy-finding.ts'
import type { AppValidation, PolicyFinding as ShownFinding } from './validation.ts'

/** What a person is about to create, or to save as a change of the app with `appId`. */
export interface AppDraft extends CreateAppInput {
  appId?: string | null | undefined
}

/** Compose takes most of a core for half a second. The checks of creating and updating do not wait for these. */
const parallel = 2
/** Those who wait behind so many wait longer than it takes to type on. */
const mostWaiting = 20

/** Checks drafts while people type. */
export function createDraftValidation(deps: {
  look: AppPolicy
  permissions: Pick<Permissions, 'allowancesOf'>
  files: AppFiles
  records: AppRecords
  versions: AppVersions
  watch: ContainerWatch
  facts: NodeFacts
}) {
  const { look, files, records, facts } = deps
  const turns = pLimit(parallel)

  /** Lets Compose read the draft, in its turn. */
  async function ask(name: string, contents: AppContents, permit: Permit, signal = new AbortController().signal): Promise<Verdict> {
    if (turns.pendingCount >= mostWaiting)
      throw new AppError('RATE_LIMITED', 'This node is checking too many drafts. Try again in a moment', { retryAfterSeconds: 2 })
    const verdict = await turns(async () => {
      signal.throwIfAborted()
      return files.withDraft(name, contents, async (project) => {
        const looked = await look(project, contents.composeContent, permit, signal)
        return { ...looked, resolved: asText(looked.model, project.mask) }
      })
    })
    signal.throwIfAborted()
    return verdict
  }

  /** What this node says about the draft. */
  async function onNode(name: string, { document }: TextCheck): Promise<Judgement> {
    if (!document) return { problems: [], warnings: [] }
    const place = (found: Awaited<ReturnType<NodeFacts['taken']>>) => found.map((fault) => placeFault(fault, document))
    return { problems: place(await facts.missing(document.model)), warnings: place(await facts.taken(name, document.model)) }
  }

  function problemsOfName(name: string): string[] {
    const wrong = checkAppName(name).map(({ message }) => `the name ${message}`)
    if (wrong.length > 0) return wrong
    if (records.named(name)) return [`this node already has an app named ${name}`]
    const isForeign = deps.watch.all().some(({ project }) => project === name)
    return isForeign ? [`this node's Docker Engine already has a Compose project named ${name} that Selfhostly does not manage`] : []
  }

  /** What the app would be made of, and why it cannot be. */
  async function contentsOf(name: string, row: AppRow | null, draft: AppDraft): Promise<{ contents: AppContents; refusals: string[] }> {
    const before = row ? await deps.versions.contents(row.id, row.version) : noContents
    try {
      return { contents: withFoundEnv(changedContents(before, draft), await findEnv(files.directoryOf(name))), refusals: [] }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'INVALID_INPUT') throw error
      const refusals = error.fields.map(({ field, message }) => `${field}: ${message}`)
      return { contents: { ...before, composeContent: draft.composeContent }, refusals }
    }
  }

  /**
   * @param signal aborts when nobody waits any longer
   * @throws NOT_FOUND, RATE_LIMITED. Never for a bad draft
   */
  async function validate(draft: AppDraft, signal?: AbortSignal): Promise<AppValidation> {
    const row = draft.appId ? records.get(draft.appId) : null
    const named = row ? [] : problemsOfName(draft.name)
    const name = row?.name ?? (checkAppName(draft.name).length > 0 ? anyName : draft.name)
    const permit = { allowances: row ? await deps.permissions.allowancesOf(row) : [], allow: draft.allow }
    const { contents, refusals } = await contentsOf(name, row, draft)
    return judge(name, contents, permit, [...named, ...refusals], signal)
  }

  /** @param refusals what is wrong besides the contents */
  async function judge(
    name: string,
    contents: AppContents,
    permit: Permit,
    refusals: string[],
    signal?: AbortSignal,
  ): Promise<AppValidation> {
    const { composeContent: content } = contents
    const text = await checkText(content)
    let looked: Verdict = sayNothing
    const judged = await judgeCompose(content, text, async () => (looked = await ask(name, contents, permit, signal).catch(sayNotAsked)))
    const { findings, resolved, isOff } = looked
    const found = await onNode(name, text).catch(notSeen)
    const { document } = text
    const unused = document
      ? unusedWords(name === anyName ? null : name, contents, document.model).map((fault) => placeFault(fault, document))
      : []
    const problems = bounded([...refusals.map(nowhere), ...judged.problems, ...found.problems])
    const warnings = bounded([...(isOff ? [nowhere(policyOff)] : []), ...unused, ...judged.warnings, ...found.warnings])
    const variables = document ? boundedVariables(variablesIn(contents)) : []
    const ok = problems.length === 0 && findings.every(({ allowed }) => allowed)
    return { ok, problems, warnings, findings: shownFindings(findings), variables, resolved }
  }

  return { validate, judge }
}

function variablesIn({ composeContent, environment, files }: AppContents): ComposeVariable[] {
  const set = new Set(environment.map(({ name }) => name))
  return variablesOf(composeContent, { files, isSet: (name) => set.has(name) })
}

/** For a draft whose own name cannot be used. */
const anyName = 'draft'

const noPlace = { file: null, line: null, column: null }
const nowhere = (message: string): ComposeProblem => ({ message, ...noPlace, service: null })

const policyOff = 'The safety policy of this node is off (COMPOSE_POLICY=open): nothing was looked for that reaches its host'

interface Verdict extends ComposeVerdict, Pick<Looked, 'findings' | 'isOff'> {
  resolved: string | null
}

const sayNothing: Verdict = { findings: [], isOff: false, problems: [], warnings: [], resolved: null }
const remark = (message: string) => ({ message, ...noPlace, path: [], value: null })

/** The model as people read it, without secrets. A longer one is cut. */
const asText = (model: unknown, hide = (text: string): string => text): string | null =>
  isMapping(model) ? cut(hide(stringify(model, { aliasDuplicateObjects: false, lineWidth: 0 })), bounds.validation.resolved) : null

const isAway = (error: unknown): error is AppError => error instanceof AppError && error.code === 'DOCKER_UNAVAILABLE'

function sayNotAsked(error: unknown): Verdict {
  // A word in `allow` that is no rule, or more than anyone reads from Compose.
  if (error instanceof AppError && error.code === 'INVALID_INPUT') {
    return { ...sayNothing, problems: error.fields.map(({ message }) => remark(message)) }
  }
  if (!isAway(error)) throw error
  return { ...sayNothing, warnings: [remark(`Compose could not check the file: ${error.message}`)] }
}

function notSeen(error: unknown): Judgement {
  if (!isAway(error)) throw error
  return { problems: [], warnings: [] }
}

const bounded = (all: ComposeProblem[]): ComposeProblem[] =>
  all.slice(0, bounds.validation.problems).map(({ message, file, service, ...place }) => ({
    ...place,
    message: cut(message, bounds.problem.message),
    file: cutOrNull(file, bounds.problem.file),
    service: cutOrNull(service, bounds.container.service),
  }))

const boundedVariables = (all: ComposeVariable[]): ComposeVariable[] =>
  all.slice(0, bounds.validation.variables).map((variable) => ({
    ...variable,
    name: cut(variable.name, bounds.validation.variable),
    default: cutOrNull(variable.default, bounds.validation.variable),
  }))

const shownFindings = (findings: PolicyFinding[]): ShownFinding[] =>
  findings.slice(0, bounds.validation.findings).map(({ rule, detail, service, path, message, line, allowed, canBeAllowed }) => ({
    ...{ rule, line, allowed, canBeAllowed },
    detail: cutOrNull(detail, bounds.validation.findingText),
    service: cut(service, bounds.container.service),
    path: cut(path, bounds.validation.path),
    message: cut(message, bounds.problem.message),
  }))
