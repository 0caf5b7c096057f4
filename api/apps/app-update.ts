import type { Engine } from '../docker/engine.types.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import type { AppDeploy } from './app-deploy.ts'
import type { AppFiles } from './app-files.ts'
import type { AppRecords } from './app-records.ts'
import type { AppWork } from './app-work.ts'
import type { Permissions } from './compose/policy/permissions.ts'
import type { UndecidedFiles } from './undecided-files.ts'
import { findEnv } from './environment/env-on-disk.ts'
import { withFoundEnv } from './environment/project-input.ts'
import type { FileWatch } from './file-watch.ts'
import type { ComposeProblem } from './compose-problem.ts'
import type { Deploying } from './deploy/deploying.ts'
import type { OperationInput } from './operations/operation-input.ts'
import type { OperationRun } from './operation-run.ts'
import type { AppCheck } from './draft-check.ts'
import type { Operation } from './operation.ts'
import type { Runner, Runners } from './operations/runners.ts'
import type { Operations } from './operations.ts'
import type { AppVersions, NewVersion } from './versions/app-versions.ts'
import { areSameContents, asksForContents, changedContents } from './versions/contents-input.ts'
import type { NewestVersion } from './versions/newest-version.ts'
import type { AppContents, ContentsInput, CurrentVersion } from './versions/version.ts'

export interface UpdateAppInput extends ContentsInput {
  description?: string | null | undefined
  /** Pull newer images before recreating the containers. */
  pull?: boolean | null | undefined
  /** The version that the change is based on. The update is refused when it is not the current one. */
  ifVersion?: number | null | undefined
  /** Overwrite files that were changed on disk. */
  overwriteFile?: boolean | null | undefined
  /** Paths of files that become what they are on disk. */
  takeFromDisk?: string[] | null | undefined
  /** What an administrator allows besides what every app may: `rule` or `rule:detail`. */
  allow?: string[] | null | undefined
  /** Wait for the verdict, and go back to the last healthy version if it is bad. */
  rollback?: boolean | null | undefined
  deadlineSeconds?: number | null | undefined
  /** Copy the app's named volumes first, while it is stopped. */
  copyVolumes?: boolean | null | undefined
}

/** Back to an earlier version. */
export interface RollbackAppInput extends Pick<UpdateAppInput, 'copyVolumes'> {
  version: number
}

export type AppPatch = Partial<Pick<AppRow, 'description' | 'desiredState' | 'lastError' | 'lastFailedKind' | 'goingBack'> & CurrentVersion>

/** A version that was checked, and what makes it when it is accepted: a new one, or the number of one that is there. */
interface Draft {
  warnings: ComposeProblem[]
  /** What the app becomes, when someone says what. Going back says nothing about what is on disk. */
  contents: AppContents | null
  make: () => NewVersion | number
}

/**
 * Updates an app. Each field changes only what it names, so a new description touches neither files nor containers. A change of the
 * contents becomes the next version when it is accepted. It is deployed if the app should be running, and only stored if it should be
 * stopped.
 */
export function createAppUpdate(deps: {
  engine: Engine
  files: AppFiles
  disk: FileWatch
  check: AppCheck
  records: AppRecords
  versions: AppVersions
  newest: NewestVersion
  operations: Operations
  work: AppWork
  deploy: Pick<AppDeploy, 'runCompose'> & Pick<Deploying, 'up' | 'copyingVolumes'>
  permissions: Pick<Permissions, 'allowancesOf'>
  undecided: UndecidedFiles
}) {
  const { files, disk, check, records, versions, newest, operations, work, deploy, permissions } = deps

  async function describe(row: AppRow, description: string | null | undefined): Promise<Operation> {
    operations.refuseWhenStopping()
    const isNew = description !== undefined && description !== row.description
    if (!isNew) return operations.note('update', row, 'Nothing to change')
    return records.saveWith(row, { description }, (save) => operations.note('update', row, 'Description changed', save))
  }

  /** Writes the files before the record, so a version is current only when it is on disk. */
  async function store(row: AppRow, current: CurrentVersion, description: AppPatch, run: OperationRun): Promise<void> {
    const before = await versions.contents(row.id, row.version)
    const after = await versions.contents(row.id, current.version)
    await disk.during(row.name, async () => {
      for (const kept of await files.writeOthers(row.name, after.files, before.files)) run.line(kept)
      await files.write(row.name, current.composeContent)
      await records.save(row, { ...current, ...description })
    })
  }

  const run: Runner = async (row, input, run) => {
    const { version = row.version, copyVolumes } = input
    const current = input.version === undefined ? null : await versions.current(row.id, input.version)
    const after = input.version === undefined ? null : await versions.contents(row.id, input.version)
    await deps.undecided.refuseOverwriting(row, after, input.overwriteFile ?? false)
    const change = (): Promise<string | void> => make(row, current, input, run)
    return copyVolumes && work.shouldRun(row) ? deploy.copyingVolumes(row, version, run, change) : change()
  }

  async function make(row: AppRow, current: CurrentVersion | null, input: OperationInput, run: OperationRun): Promise<string | void> {
    const { description, pull, rollback, deadlineSeconds } = input
    const described = description === undefined ? {} : { description }
    if (current) {
      run.step(5, 'Writing the Compose file')
      await store(row, current, described, run)
    } else await records.save(row, described)
    if (pull) {
      run.step(10, 'Pulling images')
      await deploy.runCompose(row, 'pull', run)
    }
    if (!work.shouldRun(row)) return 'Saved. The next start deploys it'
    await deploy.up(row, run, { rollback, deadlineSeconds, pull })
  }

  /** The version that `input` makes of the newest one, which is the newest one itself if it changes nothing. */
  async function changed(row: AppRow, input: UpdateAppInput, author: string): Promise<Draft> {
    const base = await newest.of(row)
    const taken = await deps.undecided.taken(row, takenPaths(input), base.contents)
    const contents = withFoundEnv(changedContents(base.contents, { ...input, ...taken }), await findEnv(files.directoryOf(row.name)))
    const permit = { allowances: base.allowances ?? (await permissions.allowancesOf(row)), allow: input.allow, by: author }
    const { warnings, ...checked } = await check.content(row.name, contents, permit)
    const isSame = areSameContents(contents, base.contents) && checked.allowances.length === permit.allowances.length
    return {
      warnings,
      contents: isDecided(input) ? contents : null,
      make: () => (isSame ? base.number : versions.make(row.id, contents, { author, reason: input.reason, ...checked }, base)),
    }
  }

  /** The next version, made of an earlier one. */
  async function earlier(row: AppRow, number: number, author: string): Promise<Draft> {
    const { contents, images, allowances } = await versions.target(row.id, number, row.version)
    const permit = { allowances: [...(await permissions.allowancesOf(row)), ...(allowances ?? [])], by: author }
    const { warnings, ...checked } = await check.content(row.name, contents, permit)
    const base = await newest.of(row)
    return {
      warnings,
      contents: null,
      make: () => versions.make(row.id, contents, { author, reason: `Back to version ${number}`, images, ...checked }, base),
    }
  }

  async function accept(kind: 'update' | 'rollback', row: AppRow, input: UpdateAppInput, draft: Draft | null): Promise<Operation> {
    await deps.undecided.refuseOverwriting(row, draft?.contents ?? null, input.overwriteFile ?? false)
    // Another change may have been made during the check.
    refuseOld(row, input)
    if (isGiven(input.ifVersion)) newest.refuseChanging(row)
    const made = draft?.make()
    const [version, saved] = typeof made === 'object' ? [made.number, made] : [made, undefined]
    const { description, overwriteFile, pull, rollback, deadlineSeconds, copyVolumes } = input
    // Only what is given: stored, what is undefined would become null.
    const asked = { ...(version !== undefined && { version }), ...(description !== undefined && { description }) }
    const judging = { rollback: rollback ?? false, deadlineSeconds: deadlineSeconds ?? null, copyVolumes: copyVolumes ?? false }
    const more = { warnings: draft?.warnings ?? [], alongside: saved?.save }
    const begun = work
      .enqueue(kind, row, { ...asked, ...judging, overwriteFile: overwriteFile ?? false, pull: pull ?? false }, more)
      .catch((error: unknown) => {
        saved?.takeBack()
        throw error
      })
    return (await begun).operation
  }

  async function update(row: AppRow, input: UpdateAppInput, author: string): Promise<Operation> {
    refuseOld(row, input)
    const isAsked = asksForContents(input) || (input.allow ?? []).length > 0 || isDecided(input)
    if (!isAsked && !input.pull) return describe(row, input.description)
    return newest.accepting(row, async () => {
      refuseOld(row, input)
      if (isAsked) return accept('update', row, input, await changed(row, input, author))
      await deps.engine.info()
      return accept('update', row, input, null)
    })
  }

  return {
    runners: { update: run, rollback: run } satisfies Runners,
    update,
    /** Makes an earlier version the next one. */
    rollback: (row: AppRow, { version, copyVolumes }: RollbackAppInput, author: string): Promise<Operation> =>
      newest.accepting(row, async () => accept('rollback', row, { rollback: true, copyVolumes }, await earlier(row, version, author))),
  }
}

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined

/** Whether it says what becomes of files that were changed on disk. */
const isDecided = ({ composeContent, files, overwriteFile, takeFromDisk }: UpdateAppInput): boolean =>
  isGiven(composeContent) || isGiven(files) || overwriteFile === true || (takeFromDisk ?? []).length > 0

/** @throws INVALID_INPUT */
function takenPaths({ takeFromDisk, files }: UpdateAppInput): string[] {
  const paths = takeFromDisk ?? []
  if (paths.length > 0 && isGiven(files)) {
    throw invalidInput([{ field: 'takeFromDisk', message: 'cannot be given with files. Take what is on disk first, then change it' }])
  }
  return paths
}

/** @throws CONFLICT when the change is not based on the current version */
function refuseOld({ name, version }: AppRow, { ifVersion }: UpdateAppInput): void {
  if (!isGiven(ifVersion) || ifVersion === version) return
  const message = `${name} is now at version ${version}, but your change is based on version ${ifVersion}. Read the app again, apply your change to the current version, and save it with ifVersion ${version}`
  throw new AppError('CONFLICT', message, {
    fields: [{ field: 'ifVersion', message: `is ${ifVersion}, but the current version is ${version}` }],
  })
}
