import pLimit from 'p-limit'
import { bounds, cut, cutOrNull } from '../../bounds.ts'
import type { ComposeVerdict } from '../../docker/compose-remark.ts'
import type { ComposeCli } from '../../docker/engine.types.ts'
import { AppError } from '../../errors.ts'
import type { CreateAppInput } from '../app-creation.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRecords } from '../app-records.ts'
import { checkAppName, checkComposeContent } from '../compose-file.ts'
import { placed, toProblem, type ComposeProblem } from '../compose-problem.ts'
import type { AppValidation } from './validation.ts'

/** What a person is about to create, or to save as a change of the app with `appId`. */
export interface AppDraft extends CreateAppInput {
  appId?: string | null | undefined
}

/** Compose takes most of a core for half a second. The checks of creating and updating do not wait for these. */
const parallel = 2
/** Those who wait behind so many wait longer than it takes to type on. */
const mostWaiting = 20

/** Checks drafts while people type. */
export function createDraftValidation(deps: { compose: ComposeCli; files: AppFiles; records: AppRecords }) {
  const { compose, files, records } = deps
  const turns = pLimit(parallel)

  /** Lets Compose read the draft, in its turn. */
  async function ask(name: string, content: string, signal: AbortSignal | undefined): Promise<ComposeVerdict> {
    if (turns.pendingCount >= mostWaiting)
      throw new AppError('RATE_LIMITED', 'This node is checking too many drafts. Try again in a moment', { retryAfterSeconds: 2 })
    return turns(async () => {
      signal?.throwIfAborted()
      return files.withDraft(name, content, (project) => compose.config(project, signal))
    })
  }

  async function problemsOf(name: string, content: string, signal: AbortSignal | undefined): Promise<Problems> {
    const { refusals, doubts } = checkComposeContent(content)
    if (refusals.length > 0) return { problems: [...refusals, ...doubts].map(toProblem), warnings: [] }
    const ours = doubts.map(toProblem)
    const verdict = await ask(name, content, signal).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'DOCKER_UNAVAILABLE') return notAsked(error)
      throw error
    })
    signal?.throwIfAborted()
    const warnings = placed(content, verdict.warnings)
    if (verdict.problems.length === 0) return { problems: [], warnings: [...ours, ...warnings] }
    const theirs = placed(content, verdict.problems).filter(({ line }) => line === null || !ours.some((problem) => problem.line === line))
    return { problems: [...ours, ...theirs], warnings }
  }

  /**
   * @param signal aborts when nobody waits any longer
   * @throws NOT_FOUND, RATE_LIMITED. Never for a bad draft
   */
  return async function validate(draft: AppDraft, signal?: AbortSignal): Promise<AppValidation> {
    const row = draft.appId ? records.get(draft.appId) : null
    const named = row ? [] : checkAppName(draft.name).map(({ message }) => problem(`the name ${message}`))
    const name = named.length > 0 ? anyName : (row?.name ?? draft.name)
    const found = await problemsOf(name, draft.composeContent, signal)
    const { problems, warnings } = withinBounds({ problems: [...named, ...found.problems], warnings: found.warnings })
    return { ok: problems.length === 0, problems, warnings, findings: [], variables: [], resolved: null }
  }
}

/** For a draft whose own name cannot be used. */
const anyName = 'draft'

const nowhere = { file: null, line: null, column: null }
const problem = (message: string): ComposeProblem => ({ message, ...nowhere, service: null })

const notAsked = (error: AppError): ComposeVerdict => ({
  problems: [],
  warnings: [{ message: `Compose could not check the file: ${error.message}`, ...nowhere, path: [], value: null }],
})

interface Problems {
  problems: ComposeProblem[]
  warnings: ComposeProblem[]
}

const withinBounds = ({ problems, warnings }: Problems): Problems => ({ problems: firstOf(problems), warnings: firstOf(warnings) })

const firstOf = (all: ComposeProblem[]): ComposeProblem[] =>
  all.slice(0, bounds.validation.problems).map(({ message, file, service, ...place }) => ({
    ...place,
    message: cut(message, bounds.problem.message),
    file: cutOrNull(file, bounds.problem.file),
    service: cutOrNull(service, bounds.container.service),
  }))
