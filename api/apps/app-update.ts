import { AppError } from '../errors.ts'
import type { ComposeCommand, Engine } from '../docker/engine.types.ts'
import type { AppCheck } from './draft-check.ts'
import type { AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import type { ComposeProblem } from './compose-problem.ts'
import { refuseOverwriting, refuseUnseen } from './changed-on-disk.ts'
import type { ComposeFileWatch } from './compose-file-watch.ts'
import type { Operation } from './operation.ts'
import type { OperationInput } from './operations/operation-input.ts'
import type { OperationRun } from './operation-run.ts'
import type { Runner } from './operations/runners.ts'
import type { Operations } from './operations.ts'

export interface UpdateAppInput {
  description?: string | null | undefined
  composeContent?: string | null | undefined
  /** Pull newer images before recreating the containers. */
  pull?: boolean | null | undefined
  /** The version that the change is based on. The update is refused when it is not the current one. */
  ifVersion?: number | null | undefined
  /** Overwrite a Compose file that was changed on disk. */
  overwriteFile?: boolean | null | undefined
}

export type AppPatch = Partial<Pick<AppRow, 'description' | 'composeContent' | 'version' | 'desiredState' | 'lastError' | 'lastFailedKind'>>

/** What updates need from the app service. */
export interface RowWork {
  save(row: AppRow, patch: AppPatch): Promise<void>
  enqueue(row: AppRow, input: OperationInput, more: { warnings: ComposeProblem[] }): Promise<Operation>
  /** Makes a change at once and records it as an operation: both or neither. */
  note(row: AppRow, patch: AppPatch, message: string): Promise<Operation>
  runCompose(row: AppRow, command: ComposeCommand, run: OperationRun): Promise<void>
  up(row: AppRow, run: OperationRun): Promise<void>
  /** Whether the app should run now, which operations that still wait do not change. */
  shouldRun(row: AppRow): boolean
}

/**
 * Updates an app. Each field changes only what it names, so a new description touches neither files nor containers. A new Compose
 * file becomes the next version. It is deployed if the app should be running, and only stored if it should be stopped.
 */
export function createAppUpdate(
  deps: { engine: Engine; files: AppFiles; disk: ComposeFileWatch; check: AppCheck; operations: Operations } & RowWork,
) {
  const { files, disk, check, operations, save } = deps

  /** Whether a change of the file was accepted but not made yet. */
  const isChangeComing = ({ id, composeContent }: AppRow): boolean =>
    operations.inputsOf(id).some((input) => isGiven(input.composeContent) && input.composeContent !== composeContent)

  async function describe(row: AppRow, description: string | null | undefined): Promise<Operation> {
    operations.refuseWhenStopping()
    const isNew = description !== undefined && description !== row.description
    if (!isNew) return operations.note('update', row, 'Nothing to change')
    return deps.note(row, { description }, 'Description changed')
  }

  /** Writes the file before the version, so a version is only recorded when it is on disk. */
  async function store(row: AppRow, content: string, description: AppPatch): Promise<void> {
    await disk.during(row.name, async () => {
      await files.write(row.name, content)
      const version = content === row.composeContent ? row.version : row.version + 1
      await save(row, { composeContent: content, version, ...description })
    })
  }

  async function refuseUndecided(row: AppRow, { composeContent: content, overwriteFile }: UpdateAppInput): Promise<void> {
    const onDisk = await disk.look(row.name)
    if (isGiven(content)) refuseOverwriting(row, onDisk, { content, overwrite: overwriteFile ?? false })
    else refuseUnseen(row, onDisk)
  }

  const run: Runner = async (row, input, run) => {
    const { composeContent: content, description } = input
    const described = description === undefined ? {} : { description }
    refuseOld(row, input)
    await refuseUndecided(row, input)
    if (isGiven(content)) {
      run.step(5, 'Writing the Compose file')
      await store(row, content, described)
    } else await save(row, described)
    if (input.pull) {
      run.step(10, 'Pulling images')
      await deps.runCompose(row, 'pull', run)
    }
    if (!deps.shouldRun(row)) return 'Saved. The next start deploys it'
    await deps.up(row, run)
  }

  async function update(row: AppRow, input: UpdateAppInput): Promise<Operation> {
    const content = input.composeContent ?? null
    refuseOld(row, input)
    if (content === null && !input.pull) return describe(row, input.description)
    if (content === null) await deps.engine.info()
    const warnings = content === null ? [] : await check.content(row.name, content)
    await refuseUndecided(row, input)
    // Another change may have been made or queued during the check.
    refuseOld(row, input)
    if (isGiven(input.ifVersion) && isChangeComing(row)) throw isChanging(row)
    return deps.enqueue(row, input, { warnings })
  }

  return { update, run }
}

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined

/** @throws CONFLICT when the change is not based on the current version */
function refuseOld({ name, version }: AppRow, { ifVersion }: UpdateAppInput): void {
  if (!isGiven(ifVersion) || ifVersion === version) return
  const message = `${name} is now at version ${version}, but your change is based on version ${ifVersion}. Read the app again, apply your change to the current version, and save it with ifVersion ${version}`
  throw new AppError('CONFLICT', message, {
    fields: [{ field: 'ifVersion', message: `is ${ifVersion}, but the current version is ${version}` }],
  })
}

const isChanging = ({ name, version }: AppRow): AppError =>
  new AppError(
    'CONFLICT',
    `Another change to ${name} is being saved as version ${version + 1}. Read the app again in a moment, apply your change to that version, and save it`,
    {
      fields: [{ field: 'ifVersion', message: `is ${version}, which another change is about to replace` }],
    },
  )
