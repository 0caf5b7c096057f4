import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { createComposeCli } from '../../api/docker/compose-cli.ts'
import type { ComposeCli } from '../../api/docker/engine.types.ts'

/** A version of Compose under test. */
export interface ComposeVersion {
  /** For example "1.29.2". */
  version: string
  major: number
  /** This process's environment, changed so that this version is the one found. */
  env: NodeJS.ProcessEnv
}

const list = join(import.meta.dirname, '../../.cache/compose/versions.json')

/** The versions that scripts/compose-versions.mjs prepared: 1.29 and 2 on Debian 12, at least 2 everywhere. */
export const composeVersions: ComposeVersion[] = readVersions()

function readVersions(): ComposeVersion[] {
  if (!existsSync(list))
    throw new Error('Run "node scripts/compose-versions.mjs" first ("npm test" does): it prepares both versions of Compose')
  const versions = JSON.parse(readFileSync(list, 'utf8')) as { version: string; bin?: string; home?: string }[]
  return versions.map(({ version, bin, home }) => {
    const env = { ...process.env, ...(bin ? { PATH: `${bin}:${process.env.PATH}` } : {}), ...(home ? { HOME: home } : {}) }
    return { version, major: Number.parseInt(version), env }
  })
}

const clis = new Map<string, ComposeCli>()

/** One per version for all tests of a file, because finding a program asks it for its version, which takes 1.29 as long as the work. */
export function composeOf({ version, env }: ComposeVersion): ComposeCli {
  const cli = clis.get(version) ?? createComposeCli({ log: pino({ level: 'silent' }), env })
  clis.set(version, cli)
  return cli
}

/** Declares one test per version. */
export function testEachVersion(title: string, body: (t: ExecutionContext, compose: ComposeVersion) => Promise<void> | void): void {
  for (const compose of composeVersions) test(`Compose ${compose.version}: ${title}`, (t) => body(t, compose))
}
