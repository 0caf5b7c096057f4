import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorMessage } from '../errors.ts'
import { fine, problem, warning, type Finding } from './finding.ts'

/** Below this a deploy or an upgrade may fail half-way. */
const tightBytes = 2 * 1024 ** 3
const fullBytes = 100 * 1024 ** 2
const tightInodes = 10_000

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/** Whether this user can write to a folder, and whether its disk has room. @param name the setting that moves it */
export async function checkFolder(subject: string, folder: string, name: string): Promise<Finding[]> {
  const there = await existing(folder)
  try {
    await access(there, constants.W_OK | constants.X_OK)
  } catch (error) {
    return [
      problem(
        subject,
        `${there} cannot be written to: ${errorMessage(error)}`,
        `Give this user the folder (chown), or set ${name} to another one`,
      ),
    ]
  }
  const { bavail, bsize, files, ffree } = await statfs(there)
  const left = bavail * bsize
  const room = `${folder} has ${gigabytes(left)} left`
  if (left < fullBytes) return [problem(subject, room, 'Make room now: nothing can be saved any more. Pruning images often frees most')]
  if (files > 0 && ffree < tightInodes) {
    return [
      problem(
        subject,
        `${folder} can take only ${ffree} more files`,
        'Remove files: the disk has room, but no inodes. Pruning images often frees most',
      ),
    ]
  }
  if (left < tightBytes) return [warning(subject, room, 'Make room. Pruning images often frees most')]
  return [fine(subject, room)]
}

/** A file with a secret that others can read stops the next start. */
export async function checkSecretFiles(dataDir: string): Promise<Finding[]> {
  const subject = 'Secret files'
  const found: Finding[] = []
  for (const name of ['secret.key', 'secret.key.previous', 'identity.json']) {
    const path = join(dataDir, name)
    const facts = await stat(path).catch(() => null)
    if (!facts) continue
    const mode = (facts.mode & 0o777).toString(8).padStart(4, '0')
    if ((facts.mode & 0o077) !== 0)
      found.push(problem(subject, `${path} has mode ${mode}, so others can read it, and the node will not start`, `chmod 600 '${path}'`))
    const user = process.getuid?.() ?? facts.uid
    if (user !== 0 && facts.uid !== user)
      found.push(
        problem(
          subject,
          `${path} belongs to user ${facts.uid}, and this is user ${user}`,
          `Run this as the user of the server, or: chown ${user} '${path}'`,
        ),
      )
  }
  return found.length > 0 ? found : [fine(subject, 'Only their owner can read them')]
}

/** The folder, or the one in which it would be made. */
async function existing(folder: string): Promise<string> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  )
  return isThere || dirname(folder) === folder ? folder : existing(dirname(folder))
}
