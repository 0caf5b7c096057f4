import type { ComposeCli, ComposeCommand, ComposeProject, RunOptions } from '../../../docker/engine.types.ts'
import { AppError } from '../../../errors.ts'
import type { Allowance } from '../../app.ts'
import { placed, toFieldError } from '../../compose-problem.ts'
import type { AppPolicy } from './app-policy.ts'
import { refuseFindings } from './violation.ts'

/** The app that a project is, as it was accepted. */
export interface AcceptedApp {
  composeContent: string
  allowances: readonly Allowance[]
  modelHash: string | null
}

export interface GuardedOptions extends RunOptions {
  /** Gets the resolved file that was looked at, right before Compose runs. @returns options that follow from it */
  prepare?(model: unknown): Promise<Partial<RunOptions>>
}

export interface GuardedCompose extends ComposeCli {
  run(project: ComposeProject, command: ComposeCommand, options: GuardedOptions): Promise<void>
}

/**
 * Compose, which runs nothing that was not allowed: right before each command, both looks are taken again, in the same folder and
 * with the same variables. Files in the folder, links and what they lead to may have changed since the app was accepted.
 */
export const guardedCompose = (
  compose: ComposeCli,
  { look, accepted }: { look: AppPolicy; accepted: (name: string) => Promise<AcceptedApp | null> },
): GuardedCompose => ({
  ...compose,
  async run(project, command, { prepare, ...options }) {
    const app = await accepted(project.name)
    if (!app) throw new AppError('NOT_FOUND', `This node has no app named ${project.name}`)
    const { findings, problems, modelHash, model } = await look(project, app.composeContent, app, options.signal)
    const isChanged = app.modelHash !== null && modelHash !== app.modelHash
    refuseFindings(findings, isChanged ? 'What the app is made of has changed on this node since it was saved. ' : '')
    if (problems.length > 0) {
      throw new AppError(
        'INVALID_INPUT',
        placed(app.composeContent, problems)
          .map((problem) => toFieldError(problem).message)
          .join('\n'),
      )
    }
    await compose.run(project, command, { ...options, ...(await prepare?.(model)) })
  },
})
