import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** More files than this do not fail by chance. */
export const mostFiles = 3

/**
 * The files of failed tests. AVA's titles start with the file's path below tests/, such as `docker › engine › a title`, and of a file
 * that did not end by itself AVA says `tests/docker/engine.test.ts exited with a non-zero exit code: 1`.
 * @param {string[]} titles
 * @returns {string[] | null} null when a title names no file, for example because AVA itself failed
 */
export function filesOf(root, titles) {
  const files = titles.map((title) => fileOf(root, title.split(' › ')))
  return files.includes(null) ? null : [...new Set(files)]
}

function fileOf(root, parts) {
  const [whole] = /^tests\/\S+\.test\.ts(?= exited )/.exec(parts[0]) ?? []
  if (whole) return whole
  for (let length = parts.length - 1; length > 0; length--) {
    const file = `${join('tests', ...parts.slice(0, length))}.test.ts`
    if (existsSync(join(root, file))) return file
  }
  return null
}
