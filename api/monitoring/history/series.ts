/** What history is kept of. `service` is one of an app, `container` one that belongs to no app of this node. */
export const seriesKinds = ['node', 'disk', 'service', 'container', 'unknown'] as const
export type SeriesKind = (typeof seriesKinds)[number]

/**
 * What is measured. CPU in percent: of all cores for a node, of one core for containers. Sizes in bytes, traffic in bytes per second.
 * The `Max` ones are the highest sample of a span, the others its mean.
 */
export const metrics = [
  ...(['cpu', 'cpuMax', 'memory', 'memoryMax', 'memoryTotal', 'received', 'sent', 'read', 'written', 'used', 'total'] as const),
  'unknown',
] as const
export type Metric = (typeof metrics)[number]

/** The columns of each kind, in the order in which they are stored. New ones are added at the end. */
export const columnsOf: Record<SeriesKind, readonly Metric[]> = {
  node: ['cpu', 'cpuMax', 'memory', 'memoryMax', 'memoryTotal', 'received', 'sent'],
  disk: ['used', 'total'],
  service: ['cpu', 'cpuMax', 'memory', 'memoryMax', 'received', 'sent', 'read', 'written'],
  container: ['cpu', 'cpuMax', 'memory', 'memoryMax', 'received', 'sent', 'read', 'written'],
  unknown: [],
}

/** Which series: a disk by its mount, a service by its app and name, a container by its name. A node's own has no name. */
export interface SeriesKey {
  kind: SeriesKind
  app: string
  name: string
}

export const keyText = ({ kind, app, name }: SeriesKey): string => `${kind}/${app}/${name}`

/** One sample of one series; what could not be measured is left out. */
export interface Measured {
  key: SeriesKey
  values: Partial<Record<Metric, number>>
}
