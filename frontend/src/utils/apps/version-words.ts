import type { VersionDetail, VersionItem } from '../../graphql/items.ts'
import { variableChanges } from './contents.ts'
import type { Contents, VariableDraft } from './contents.ts'

export interface ChangedRow {
  before: string
  after: string
}

const valueWords = (variable: VariableDraft | undefined): string =>
  variable === undefined ? 'not set' : variable.secret ? 'secret' : variable.value || 'empty'

/** The variables that two versions differ in. A secret that only has another value is not known to differ. */
export function variableRows(before: Contents, after: Contents): (ChangedRow & { name: string })[] {
  const find = ({ environment }: Contents, name: string) => environment.find((variable) => variable.name === name)
  return variableChanges(before, after).map(({ name }) => ({
    name,
    before: valueWords(find(before, name)),
    after: valueWords(find(after, name)),
  }))
}

type Image = VersionItem['images'][number]

/** Such as `nginx:alpine, sha256:1a2b3c4d5e6f`. */
export const imageWords = ({ image, digest }: Image): string => {
  const short = digest?.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]*$/, '$1')
  return short && !image.includes('@') ? `${image}, ${short}` : image
}

/** The services that ran other images. */
export function imageChanges(before: VersionDetail, after: VersionDetail): (ChangedRow & { service: string })[] {
  const [old, now] = [before, after].map(({ images }) => new Map(images.map((image) => [image.service, imageWords(image)])))
  const services = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])]
  // Nothing is recorded of a version that never ran.
  if (old?.size === 0 || now?.size === 0) return []
  return services
    .map((service) => ({ service, before: old?.get(service) ?? 'none', after: now?.get(service) ?? 'none' }))
    .filter((row) => row.before !== row.after)
}
