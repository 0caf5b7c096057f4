import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RegistryLogin } from './engine.types.ts'

const prefix = 'selfhostly-docker-'
/** Under this name, and no other, Docker and Compose look for the login of Docker Hub. */
const hubKey = 'https://index.docker.io/v1/'

/**
 * Runs `work` with an environment in which Docker and Compose know these logins, besides what the user's own configuration has. That
 * one is never written to: the logins are in a folder that only this user can read, and that is gone when the work is done.
 */
export async function withLogins<T>(
  env: NodeJS.ProcessEnv,
  logins: readonly RegistryLogin[],
  work: (env: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  if (logins.length === 0) return work(env)
  const own = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker')
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(merged(await readConfig(own), logins)), { mode: 0o600 })
    // Compose itself is a plugin in there, and a context says where the Engine is.
    for (const name of ['cli-plugins', 'contexts']) await symlink(join(own, name), join(folder, name))
    return await work({ ...env, DOCKER_CONFIG: folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Folders that a killed program left behind. */
export async function removeLeftLogins(): Promise<void> {
  const left = await readdir(tmpdir()).catch(() => [])
  for (const name of left) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1] ?? Number.NaN)
    if (pid > 0 && !isRunning(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's process is not ours to judge, and not to remove.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

type Fields = Record<string, unknown>

async function readConfig(folder: string): Promise<Fields> {
  try {
    const read: unknown = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
    return fieldsOf(read)
  } catch {
    return {}
  }
}

/** A helper program that holds the user's own logins would be asked instead of our logins, so those registries get none. */
function merged(own: Fields, logins: readonly RegistryLogin[]): Fields {
  const named = logins.map((login) => [login.registry === 'docker.io' ? hubKey : login.registry, login] as const)
  const auths = named.map(([key, { username, password }]) => [key, { auth: Buffer.from(`${username}:${password}`).toString('base64') }])
  const helpers =
    own['credsStore'] || own['credHelpers']
      ? { ...fieldsOf(own['credHelpers']), ...Object.fromEntries(named.map(([key]) => [key, ''])) }
      : null
  return {
    ...own,
    auths: { ...fieldsOf(own['auths']), ...(Object.fromEntries(auths) as Fields) },
    ...(helpers && { credHelpers: helpers }),
  }
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {})
