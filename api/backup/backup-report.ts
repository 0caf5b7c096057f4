import type { Manifest } from './manifest.ts'

const units = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** In powers of 1000, as disks are sold. */
function sizeOf(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** What a backup holds, for a person. One line for each thing to know. */
export function describeBackup({ node, version, madeAt, parts, needs, leftOut }: Manifest): string[] {
  const apps = parts.filter(({ name }) => name.startsWith('apps/'))
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return [
    `The ${node.role} ${node.name} (${node.id}), version ${version}, as it was at ${madeAt.toISOString()}: its database, its keys and ${apps.length === 1 ? 'one folder' : `${apps.length} folders`} of apps, ${sizeOf(bytes)}.`,
    ...(needs.length > 0
      ? [`It also needs these settings, which come from the environment and are not in the file: ${needs.join(', ')}.`]
      : []),
    ...leftOut.slice(0, 20).map(({ path, why }) => `Left out or not as it was: ${path} ${why}.`),
    ...(leftOut.length > 20 ? [`... and ${leftOut.length - 20} more.`] : []),
  ]
}
