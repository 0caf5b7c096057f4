import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AppError, invalidInput } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import type { Allowance } from './app.ts'
import type { AppCheck } from './draft-check.ts'
import type { Deploys } from './deploy/deploys.ts'
import type { AppFiles } from './app-files.ts'
import type { AppViews } from './app-views.ts'
import type { AppRecords } from './app-records.ts'
import { checkDeadline, checkDescription, refuseTooMuch } from './app-limits.ts'
import type { AppOperation, AppWork } from './app-work.ts'
import { nobody, type AppVersions } from './versions/app-versions.ts'
import { changedContents, noContents } from './versions/contents-input.ts'
import type { ContentsInput, CurrentVersion } from './versions/version.ts'
import { checkAppName, checkComposeContent } from './compose-file.ts'
import { findEnv } from './environment/env-on-disk.ts'
import { withFoundEnv } from './environment/project-input.ts'
import type { ContainerWatch } from './container-watch.ts'
import { refusePrepared } from './changed-on-disk.ts'
import type { FileWatch } from './file-watch.ts'
import type { Alongside } from './operation-records.ts'
import type { Runner } from './operations/runners.ts'
import type { Operations } from './operations.ts'

/** What makes an app again that another node had. */
export interface CreateAgainInput extends CreateAppInput {
  /** Chosen by the primary, so that a repeated request makes it once. */
  id?: string | null | undefined
}

export interface CreateAppInput extends Omit<ContentsInput, 'composeContent'> {
  name: string
  description?: string | null | undefined
  composeContent: string
  /** Overwrite a different Compose file that is already in the folder. */
  overwriteFile?: boolean | null | undefined
  /** What an administrator allows besides what every app may: `rule` or `rule:detail`. */
  allow?: string[] | null | undefined
  /** Wait for the verdict. */
  rollback?: boolean | null | undefined
  deadlineSeconds?: number | null | undefined
}

const nameTaken = (name: string): AppError =>
  new AppError('CONFLICT', `This node already has an app named ${name}`, { fields: [{ field: 'name', message: 'is taken' }] })

/** Makes new apps. Their first operation writes the file and deploys it. */
export function createAppCreation(deps: {
  clock: Clock
  files: AppFiles
  disk: FileWatch
  watch: ContainerWatch
  operations: Operations
  check: AppCheck
  records: AppRecords
  versions: AppVersions
  work: AppWork
  views: Pick<AppViews, 'view'>
  deploy: Pick<Deploys, 'up'>
  /** The app could not be queued, so it does not exist. */
  onFailed: (row: AppRow) => void
}) {
  const { files, disk, records } = deps
  /** Names of new apps that are still being checked and have no row yet. */
  const claimed = new Set<string>()

  async function checkNameIsFree(name: string): Promise<void> {
    if (records.named(name)) throw nameTaken(name)
    if (deps.watch.all().some((container) => container.project === name)) {
      throw new AppError(
        'CONFLICT',
        `This node's Docker Engine already has a Compose project named ${name} that Selfhostly does not manage`,
        {
          fields: [{ field: 'name', message: 'is the name of another Compose project on this Docker Engine' }],
        },
      )
    }
    if (await files.isBlocked(name)) {
      throw new AppError('CONFLICT', `APPS_DIR on this node already has a file named ${name}, so the app's folder cannot be created`, {
        fields: [{ field: 'name', message: 'is the name of a file in APPS_DIR' }],
      })
    }
  }

  /** @throws INVALID_INPUT */
  function refuseInvalid({ name, description, composeContent, deadlineSeconds }: CreateAppInput): void {
    const { refusals, doubts } = checkComposeContent(composeContent)
    const others = [...checkAppName(name), ...checkDescription(description), ...checkDeadline(deadlineSeconds)]
    if (others.length + refusals.length > 0) throw invalidInput([...others, ...refusals, ...doubts])
    refuseTooMuch(records.all(), composeContent)
  }

  /** @param again what an administrator had allowed an app that is made again */
  async function createClaimed(input: CreateAgainInput, author: string, again?: Allowance[]): Promise<AppOperation> {
    await checkNameIsFree(input.name)
    const given = { content: input.composeContent, overwrite: input.overwriteFile ?? false }
    refusePrepared(input.name, await files.preparedCompose(input.name), given)
    const contents = withFoundEnv(changedContents(noContents, input), await findEnv(files.directoryOf(input.name)))
    const { warnings, ...checked } = await deps.check.content(input.name, contents, {
      allowances: again ?? [],
      allow: input.allow,
      by: author,
    })
    const id = input.id ?? randomUUID()
    const first = deps.versions.make(id, contents, { author, reason: input.reason, ...checked }, null)
    const row = newRow(id, input, first.current, deps.clock.now())
    const saveRow = records.add(row)
    const alongside: Alongside = async (transaction) => [await saveRow(transaction), await first.save(transaction)]
    disk.follow(row.name)
    const { rollback, deadlineSeconds } = input
    const asked = { overwriteFile: given.overwrite, rollback, deadlineSeconds }
    return deps.work.enqueue(again ? 'recreate' : 'create', row, asked, { alongside, warnings }).catch((error: unknown) => {
      records.drop(row.id)
      deps.onFailed(row)
      throw error
    })
  }

  const run: Runner = async (row, { overwriteFile, rollback, deadlineSeconds }, run) => {
    run.step(5, 'Writing the Compose file')
    refusePrepared(row.name, await files.preparedCompose(row.name), { content: row.composeContent, overwrite: overwriteFile ?? false })
    const contents = await deps.versions.contents(row.id, row.version)
    await disk.during(row.name, async () => {
      for (const kept of await files.writeOthers(row.name, contents.files, [])) run.line(kept)
      await files.write(row.name, row.composeContent)
    })
    await deps.deploy.up(row, run, { rollback, deadlineSeconds })
  }

  /** @throws INVALID_INPUT, CONFLICT, DOCKER_UNAVAILABLE, SHUTTING_DOWN; in each case without changing anything */
  async function create(input: CreateAgainInput, author: string, again?: Allowance[]): Promise<AppOperation> {
    refuseInvalid(input)
    deps.operations.refuseWhenStopping()
    if (claimed.has(input.name)) throw nameTaken(input.name)
    claimed.add(input.name)
    try {
      return await createClaimed(input, author, again)
    } finally {
      claimed.delete(input.name)
    }
  }

  return {
    run,
    create: (input: CreateAppInput, author = nobody): Promise<AppOperation> => create(input, author),
    /** Makes an app again that another node had. */
    async createAgain(input: CreateAgainInput, allowances: Allowance[], author = nobody): Promise<AppOperation> {
      const made = input.id ? records.find(input.id) : undefined
      if (!made) return create(input, author, allowances)
      return { operation: await deps.operations.note('recreate', made, 'It was made already'), app: deps.views.view(made) }
    },
  }
}

export const newRow = (
  id: string,
  { name, description }: Pick<CreateAppInput, 'name' | 'description'>,
  current: CurrentVersion,
  now: Date,
): AppRow => ({
  id,
  name,
  description: description ?? null,
  allowances: [],
  modelHash: null,
  place: null,
  ...current,
  desiredState: 'running',
  lastError: null,
  lastFailedKind: null,
  wanted: null,
  stoppedContainers: null,
  goingBack: null,
  filesSince: null,
  restartOwed: null,
  createdAt: now,
  updatedAt: now,
})
