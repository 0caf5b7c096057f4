import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { bounds, cut } from '../../bounds.ts'
import { AppError } from '../../errors.ts'
import type { Alongside } from '../operation-records.ts'
import type { Allowance } from '../app.ts'
import type { AppVersionRow } from './app-version.entity.ts'
import { openContents, openVariables, sealContents, type Sealing, type StoredVariable } from './sealed-contents.ts'
import type {
  AppContents,
  AppFile,
  AppFileName,
  AppVersionHead,
  CheckedContents,
  CurrentVersion,
  PlainFile,
  PlainVariable,
  VersionImage,
  VersionOutcome,
} from './version.ts'
import { createVersionRecords } from './version-records.ts'

/** The author of what no person asked for, such as what a schedule does. */
export const nobody = 'system'

/** Who makes a version, and why. */
export interface Origin extends CheckedContents {
  author: string
  reason?: string | null | undefined
  /** The images that an earlier version ran with, for one that goes back to it. */
  images?: VersionImage[]
}

/** What the next version is compared with. */
export interface Base {
  number: number
  /** Null for a version from before the safety policy. */
  allowances: Allowance[] | null
  contents: AppContents
  images: VersionImage[]
  modelHash: string | null
  /** For each file, by path, the version that brought its content. */
  since: Map<string, number>
}

/** A version that is not saved yet. */
export interface NewVersion {
  number: number
  /** What the app's record says once this version is current. */
  current: CurrentVersion
  save: Alongside
  /** It could not be saved. */
  takeBack: () => void
}

export type AppVersions = ReturnType<typeof createAppVersions>

/** The history of this node's apps: what each was, who changed it, and what became of it. */
export function createAppVersions(deps: { em: EntityManager; clock: Clock; box: Sealing }) {
  const { clock, box } = deps
  const records = createVersionRecords(deps)

  return {
    load: records.load,

    /** What an app was made of at a version, in plain. @throws NOT_FOUND */
    async contents(appId: string, number: number): Promise<AppContents> {
      return openContents(box, appId, await records.get(appId, number))
    },

    /** What an app's record has to say when this version becomes current. @throws NOT_FOUND */
    current: async (appId: string, number: number): Promise<CurrentVersion> => currentOf(await records.get(appId, number)),

    /** The values of an app's variables, for Compose. */
    openEnvironment: (appId: string, environment: StoredVariable[]): PlainVariable[] => openVariables(box, appId, environment),

    /** A version to make the next one of. @throws NOT_FOUND */
    async base(appId: string, number: number): Promise<Base> {
      const row = await records.get(appId, number)
      const since = new Map(row.files.map((file) => [file.path, file.since]))
      const { images, modelHash = null } = row
      return { number, allowances: row.allowances ?? null, contents: openContents(box, appId, row), images, modelHash, since }
    },

    /** A version to go back to. @throws NOT_FOUND, CONFLICT if it is the current one or was never judged */
    async target(
      appId: string,
      number: number,
      current: number,
    ): Promise<Pick<Base, 'contents' | 'allowances'> & { images: VersionImage[] }> {
      const row = await records.get(appId, number)
      const refuse = (why: string): never => {
        throw new AppError('CONFLICT', `Version ${number} ${why}`, { fields: [{ field: 'version', message: why }] })
      }
      if (number === current) refuse('is the current version. Choose an earlier one')
      if (row.outcome === 'pending') refuse('was never deployed to its end, so nobody knows whether it works. Choose another one')
      return { contents: openContents(box, appId, row), allowances: row.allowances ?? null, images: row.images }
    },

    /** Makes the next version. @param base the version that it changes; null for the first */
    make(appId: string, contents: AppContents, origin: Origin, base: Base | null): NewVersion {
      const number = records.next(appId)
      const isOld = ({ path, content }: PlainFile): boolean =>
        base?.contents.files.some((file) => file.path === path && file.content === content) ?? false
      const since = (file: PlainFile): number => (isOld(file) ? base?.since.get(file.path) : undefined) ?? number
      const row: AppVersionRow = {
        appId,
        number,
        ...sealContents(box, appId, contents, since),
        images: origin.images ?? [],
        allowances: origin.allowances,
        modelHash: origin.modelHash,
        author: cut(origin.author, bounds.version.author),
        reason: origin.reason || null,
        outcome: 'pending',
        createdAt: clock.now(),
      }
      return { number, current: currentOf(row), save: records.save(row), takeBack: () => records.takeBack(appId, number) }
    },

    /** What a version from before the safety policy needs. */
    allow: records.allow,

    async settle(appId: string, number: number, outcome: VersionOutcome, images?: VersionImage[]): Promise<void> {
      await records.settle(appId, number, outcome, images)(deps.em.fork())
    },
    /** The same within a transaction. */
    settling: records.settle,

    /** The newest healthy version before this one; null when there is none. */
    lastHealthy: async (appId: string, before: number): Promise<number | null> => (await records.healthy(appId, 1, before))[0] ?? null,

    /** The numbers of the newest healthy versions. */
    healthy: (appId: string, most: number): Promise<number[]> => records.healthy(appId, most),

    /** The images that a version ran with; empty when it never did. */
    images: async (appId: string, number: number): Promise<VersionImage[]> => (await records.find(appId, number))?.images ?? [],

    /** What the versions ran with that failed, newest first. */
    failedImages: records.failedImages,

    /** The files that a version brought. @throws NOT_FOUND */
    async brought(appId: string, number: number): Promise<string[]> {
      const { files } = await records.get(appId, number)
      return files.flatMap(({ path, since }) => (since === number ? path : []))
    },

    outcomeOf: async (appId: string, number: number): Promise<VersionOutcome | undefined> => (await records.find(appId, number))?.outcome,

    /** Without their contents, newest first. */
    list: records.list,

    /** Without the values of secrets. @throws NOT_FOUND */
    async shown(appId: string, number: number): Promise<AppVersionHead> {
      const { createdAt, author, reason, outcome, composeContent, environment, files, profiles, images } = await records.get(appId, number)
      return {
        ...{ number, createdAt, author, reason, outcome, composeContent, profiles, images },
        environment: shownVariables(environment),
        files: files.map(nameOf),
      }
    },

    /** The files of a version, without the contents of secret ones. @throws NOT_FOUND */
    async files(appId: string, number: number): Promise<AppFile[]> {
      const { files } = await records.get(appId, number)
      return files.map(({ path, content, secret }) => ({ path, content: secret ? null : content, secret }))
    },

    outcomes: records.outcomes,
    /** Their numbers are never given again, as long as the newest one stays. */
    deleteOld: records.delete,

    forget: records.forget,
  }
}

const currentOf = ({ number, composeContent, environment, files, profiles, allowances, modelHash }: AppVersionRow): CurrentVersion => ({
  version: number,
  composeContent,
  environment,
  files: files.map(nameOf),
  profiles,
  modelHash: modelHash ?? null,
  // Those of an earlier program are not known here, so the app keeps what it has.
  ...(allowances && { allowances }),
})

/** What everyone may see of stored variables. */
export const shownVariables = (environment: StoredVariable[]) =>
  environment.map(({ name, value, secret }) => ({ name, value: secret ? null : value, secret }))

const nameOf = ({ path, secret }: AppFileName): AppFileName => ({ path, secret })
