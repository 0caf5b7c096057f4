import type { Allowance } from '../app.ts'
import type { AppRow } from '../app.entity.ts'

/** A value for the app's Compose file. A secret's value never leaves its node, so elsewhere it is null. */
export interface EnvironmentVariable {
  name: string
  value: string | null
  secret: boolean
}

/** A further text file in the app's folder. A secret file's content never leaves its node, so elsewhere it is null. */
export interface AppFile {
  /** Relative to the app's folder, with `/` between its parts. */
  path: string
  content: string | null
  secret: boolean
}

/** A file without its content, which is asked for when someone wants to see it. */
export type AppFileName = Pick<AppFile, 'path' | 'secret'>

/** `pending`: no verdict yet. A version that was replaced before its verdict stays so. */
export const versionOutcomes = ['pending', 'healthy', 'failed', 'rolled_back'] as const
export type VersionOutcome = (typeof versionOutcomes)[number]

/** The image that a service ran with. */
export interface VersionImage {
  service: string
  image: string
  /** Null for an image that no registry has given a digest. */
  digest: string | null
  /** The image's id on this node; not known elsewhere. */
  id?: string
}

/** A version without its contents. */
export interface VersionSummary {
  number: number
  createdAt: Date
  /** Who made it, by the name that people see. */
  author: string
  reason: string | null
  outcome: VersionOutcome
  profiles: string[]
  images: VersionImage[]
  /** Whether a copy of the volumes from before this version is kept. Absent where it was not asked. */
  volumesCopied?: boolean | undefined
}

/** Versions, newest first. */
export interface VersionPage {
  versions: VersionSummary[]
  /** How many older ones there are. */
  older: number
  /** How many there are in all. */
  total: number
}

/** What an app was at one time, who made it so and what became of it. Secrets have no values, and files no contents. */
export interface AppVersionHead extends VersionSummary {
  composeContent: string
  environment: EnvironmentVariable[]
  files: AppFileName[]
}

/** A variable whose value is known, secret or not. */
export interface PlainVariable {
  name: string
  value: string
  secret: boolean
}

/** A file whose content is known, secret or not. */
export interface PlainFile {
  path: string
  content: string
  secret: boolean
}

/** Everything that an app is made of, in plain. Never leaves the node and never gets into a log. */
export interface AppContents {
  composeContent: string
  environment: PlainVariable[]
  files: PlainFile[]
  profiles: string[]
}

/** What someone asks of a new version. What is left out stays as it is. */
export interface ContentsInput {
  composeContent?: string | null | undefined
  /** Replaces all of them. A secret without a value keeps the stored one. */
  environment?: EnvironmentInput[] | null | undefined
  /** Replaces all of them. A secret file without content keeps the stored one. */
  files?: FileInput[] | null | undefined
  profiles?: string[] | null | undefined
  /** Why, in the person's own words. */
  reason?: string | null | undefined
}

export interface EnvironmentInput {
  name: string
  value?: string | null | undefined
  secret?: boolean | null | undefined
}

export interface FileInput {
  path: string
  content?: string | null | undefined
  secret?: boolean | null | undefined
}

/** The columns of an app's record that say which version is current. */
export type CurrentVersion = Pick<AppRow, 'version' | 'composeContent' | 'environment' | 'files' | 'profiles'> & Partial<CheckedContents>

/** What the check of an app's contents found out, and is kept with the version. */
export interface CheckedContents {
  /** Exceptions from the safety policy that it needs. */
  allowances: Allowance[]
  modelHash: string | null
}
