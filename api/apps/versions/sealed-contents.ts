import type { AppContents, PlainFile, PlainVariable } from './version.ts'

/** The part of the secret box that apps use. */
export interface Sealing {
  seal(plain: string, context: string): string
  open(sealed: string, context: string): string
}

/** As stored: the value is sealed if it is secret. */
export interface StoredVariable {
  name: string
  value: string
  secret: boolean
}

/** As stored: the content is sealed if it is secret. */
export interface StoredFile {
  path: string
  content: string
  secret: boolean
  /** The version that brought this content. Services that use the file are made again when it changes. */
  since: number
}

export interface StoredContents {
  composeContent: string
  environment: StoredVariable[]
  files: StoredFile[]
  profiles: string[]
}

// Without the version, so that a secret can be carried from one version to the next as it is.
export const contextOfVariable = (appId: string, name: string): string => `app.environment:${appId}:${name}`
export const contextOfFile = (appId: string, path: string): string => `app.file:${appId}:${path}`

export const openVariables = (box: Sealing, appId: string, variables: StoredVariable[]): PlainVariable[] =>
  variables.map((each) => (each.secret ? { ...each, value: box.open(each.value, contextOfVariable(appId, each.name)) } : each))

export const openFile = (box: Sealing, appId: string, { path, content, secret }: StoredFile): PlainFile => ({
  path,
  content: secret ? box.open(content, contextOfFile(appId, path)) : content,
  secret,
})

/** @throws when a secret cannot be decrypted, naming it but not its value */
export const openContents = (box: Sealing, appId: string, stored: StoredContents): AppContents => ({
  composeContent: stored.composeContent,
  environment: openVariables(box, appId, stored.environment),
  files: stored.files.map((file) => openFile(box, appId, file)),
  profiles: stored.profiles,
})

const sealedVariable = (box: Sealing, appId: string, { name, value, secret }: PlainVariable): StoredVariable => ({
  name,
  value: secret ? box.seal(value, contextOfVariable(appId, name)) : value,
  secret,
})

/** @param since of each file, by its path */
export const sealContents = (
  box: Sealing,
  appId: string,
  { composeContent, environment, files, profiles }: AppContents,
  since: (file: PlainFile) => number,
): StoredContents => ({
  composeContent,
  environment: environment.map((variable) => sealedVariable(box, appId, variable)),
  files: files.map((file) => ({
    path: file.path,
    content: file.secret ? box.seal(file.content, contextOfFile(appId, file.path)) : file.content,
    secret: file.secret,
    since: since(file),
  })),
  profiles,
})
