import type { AppValidation } from '../compose/validation.ts'
import type { EnvironmentInput } from '../versions/version.ts'

/** What an administrator asks for: to make an app of a Compose project that runs on the node. */
export interface ImportAppInput {
  project: string
  /** The Compose file, if the project's own cannot be read. Without it one is drafted from what runs. */
  composeContent?: string | null | undefined
  environment?: EnvironmentInput[] | null | undefined
  allow?: string[] | null | undefined
  /** The project's folder, if that is outside APPS_DIR and the app is to stay in it. */
  confirmFolder?: string | null | undefined
}

/** What an import would make. */
export interface ImportPreview {
  /** The folder that the app stays in; null when it gets one in APPS_DIR. */
  folder: string | null
  /** Whether `confirmFolder` must name it. */
  mustConfirm: boolean
  /** The name of the app's Compose file. */
  file: string
  composeContent: string
  /** Why the project's own file is not used; null when it is. */
  problem: string | null
  /** Paths of the files that were made one; empty unless there are several. */
  mergedFrom: string[]
  /** Whether the file was drafted from what runs. */
  isDrafted: boolean
  /** Names of the variables that are read from `.env`, and of those that the containers have values for, which become secrets. */
  variables: string[]
  secrets: string[]
  validation: AppValidation
}
