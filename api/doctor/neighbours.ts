import pLimit from 'p-limit'
import { commandOf } from '../own-command.ts'
import { fine, problem, warning, type Finding } from './finding.ts'
import { reach, type Reached } from './reach.ts'

/** Another node, as this one knows it. */
export interface Neighbour {
  name: string
  /** Null when it can only be reached over the link that it opens. */
  url: string | null
  /** When it last called here. Null if never. */
  heardAt: Date | null
  version: string | null
  /** What runs its commands there. Null if it does not say. */
  program: string | null
}

/** Each waits up to five seconds. */
const atOnce = 20
/** More would take minutes and fill a screen. */
const most = 200
/** Two heartbeats, and the time until one is saved. */
const silentMs = 150_000
/** Signatures, sessions and the order of events depend on clocks that agree. */
const clockMs = 5_000

/** A primary's nodes, in both directions: whether it reaches them, and whether they call it. */
export async function checkNodes(nodes: Neighbour[], now: Date, ask: (url: string) => Promise<Reached> = reach): Promise<Finding[]> {
  const limit = pLimit(atOnce)
  const checked = await Promise.all(
    nodes.slice(0, most).map((node) => limit(async () => nodeFindings(node, now, node.url === null ? null : await ask(node.url)))),
  )
  const left = nodes.length - most
  return [...checked.flat(), ...(left > 0 ? [fine('Nodes', `${left} more were not asked`)] : [])]
}

function nodeFindings({ name, url, heardAt, version, program }: Neighbour, now: Date, reached: Reached | null): Finding[] {
  const doctor = program === null ? 'its doctor command' : commandOf(program, 'doctor')
  const subject = `Node ${name}`
  const silence = heardAt === null ? null : now.getTime() - heardAt.getTime()
  const calls = silence !== null && silence < silentMs
  const heard = heardAt === null ? 'it has never called here' : calls ? 'it calls here' : `it last called at ${heardAt.toISOString()}`
  const found: Finding[] = []
  if (reached?.error && !calls) {
    found.push(
      problem(
        subject,
        `${url} does not answer (${reached.error}), and ${heard}`,
        `Start it, or look at its network. On it, run: ${doctor}`,
      ),
    )
  } else if (!calls) {
    found.push(
      problem(
        subject,
        `${reached ? `It answers at ${url}, but ` : ''}${heard}`.replace(/^it/, 'It'),
        `It does not reach this primary: on it, run ${doctor}, which tries its PRIMARY_NODE_URL`,
      ),
    )
  } else if (reached?.error) {
    found.push(
      warning(
        subject,
        `It calls here, but ${url} does not answer (${reached.error})`,
        'Correct its NODE_API_ENDPOINT or the firewall. Until then everything goes over its link',
      ),
    )
  } else {
    found.push(fine(subject, `${reached ? 'Both directions work' : 'Its link works'}${version ? `, version ${version}` : ''}`))
  }
  return [...found, ...clockFindings(subject, reached)]
}

/** A secondary's primary. */
export async function checkPrimary(url: string, ask: (url: string) => Promise<Reached> = reach): Promise<Finding[]> {
  const subject = 'Primary'
  const reached = await ask(url)
  if (reached.error) {
    return [
      problem(subject, `${url} does not answer: ${reached.error}`, 'Start the primary, or correct PRIMARY_NODE_URL, DNS or the firewall'),
    ]
  }
  return [
    fine(subject, `${url} answers within ${reached.tookMs} ms. Whether it accepts this node is on the page of this node there`),
    ...clockFindings(subject, reached),
  ]
}

function clockFindings(subject: string, reached: Reached | null): Finding[] {
  if (reached?.aheadMs === null || reached === null || Math.abs(reached.aheadMs) < clockMs) return []
  const seconds = Math.round(Math.abs(reached.aheadMs) / 1000)
  const message = `Its clock is ${seconds} s ${reached.aheadMs > 0 ? 'ahead of' : 'behind'} this one`
  return [warning(`${subject}, clock`, message, 'Set both clocks by NTP, for example: timedatectl set-ntp true')]
}
