import type { AppItem, ContainerItem } from '../composables/useApps.ts'
import type { OperationItem } from '../composables/useOperations.ts'

type Port = ContainerItem['ports'][number]

export interface PortLink {
  label: string
  /** Undefined for ports that a browser cannot open. */
  href: string | undefined
}

const anyAddress = new Set(['', '0.0.0.0', '::'])

function hostOf(node: Pick<AppItem['node'], 'apiEndpoint'>): string {
  const host = URL.parse(node.apiEndpoint)?.hostname ?? window.location.hostname
  // A node that calls itself localhost is reached at the dashboard's host name.
  return host === 'localhost' ? window.location.hostname : host
}

/** A container's published ports without duplicates (Docker lists IPv4 and IPv6 separately). */
export function portLinks(node: Pick<AppItem['node'], 'apiEndpoint'>, ports: Port[]): PortLink[] {
  const links = ports.map((port): PortLink => {
    const host = anyAddress.has(port.hostIp ?? '') ? hostOf(node) : (port.hostIp ?? '')
    const label = `${port.hostPort}:${port.containerPort}${port.protocol === 'tcp' ? '' : `/${port.protocol}`}`
    return { label, href: port.protocol === 'tcp' ? `http://${host.includes(':') ? `[${host}]` : host}:${port.hostPort}` : undefined }
  })
  return [...new Map(links.map((link) => [link.label, link])).values()]
}

const underWay = new Set<AppItem['status']>(['PENDING', 'STARTING', 'STOPPING', 'UPDATING', 'REMOVING'])

/** Whether an operation is changing the app now. */
export const isUnderWay = ({ status }: Pick<AppItem, 'status'>): boolean => underWay.has(status)

const isUp = ({ state }: Pick<ContainerItem, 'state'>): boolean => state === 'RUNNING' || state === 'RESTARTING' || state === 'PAUSED'

/** A degraded app can be started too, which starts the services that are missing. */
export const canStart = ({ status, desiredState }: Pick<AppItem, 'status' | 'desiredState'>): boolean =>
  desiredState === 'STOPPED' || status === 'STOPPED' || status === 'ERROR' || status === 'DEGRADED'

/** An app that keeps crashing can be stopped, like one that runs. Either start or stop is always possible. */
export const canStop = (app: Pick<AppItem, 'status' | 'desiredState' | 'containers'>): boolean =>
  !canStart(app) || app.containers.some(isUp)

/** Whether the observed state differs from the desired state while no operation is running. */
export function differs({ status, desiredState }: Pick<AppItem, 'status' | 'desiredState'>): boolean {
  if (status === 'RUNNING' || status === 'DEGRADED') return desiredState === 'STOPPED'
  return desiredState === 'RUNNING' && (status === 'STOPPED' || status === 'ERROR')
}

/** Such as `2 of 3 running`. Past tense while the status is unknown, because nobody knows what runs now. */
export function containerWords({ containers, moreContainers, status }: Pick<AppItem, 'containers' | 'moreContainers' | 'status'>): string {
  if (containers.length === 0) return 'none'
  const running = containers.filter((each) => each.state === 'RUNNING').length
  const more = moreContainers > 0 ? `, and ${moreContainers} more` : ''
  return `${running} of ${containers.length} ${status === 'UNKNOWN' ? 'ran' : 'running'}${more}`
}

export interface LineProblem {
  /** 1-based. */
  line: number
  message: string
}

/** The lines that server messages mention, such as `yaml: line 4: mapping values are not allowed`. */
export function lineProblems(messages: string[]): LineProblem[] {
  return messages.flatMap((message) => [...message.matchAll(/\bline (\d+)/gi)].map((match) => ({ line: Number(match[1]), message })))
}

export const exampleCompose = `services:
  web:
    image: nginx:alpine
    ports:
      - "8081:80"
    restart: unless-stopped
`

/** Ignores line endings, which editors write differently. */
export const sameText = (a: string, b: string): boolean => a.replaceAll('\r\n', '\n') === b.replaceAll('\r\n', '\n')

/**
 * The operation that last gave the app's Compose file to Compose. A changed description is an update too, but runs nothing.
 * @param operations newest first
 */
export const newestDeployment = (operations: OperationItem[]): OperationItem | undefined =>
  operations.find(({ kind, output, warnings }) => deployKinds.has(kind) && output.length + warnings.length > 0)

const deployKinds = new Set<OperationItem['kind']>(['CREATE', 'UPDATE', 'START'])
