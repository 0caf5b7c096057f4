import { isPrintable, unprintableWords } from '../bounds.ts'
import { invalidInput, type FieldError } from '../errors.ts'
import { isLoopbackHost } from '../loopback.ts'
import { isReservedHost } from '../reserved-addresses.ts'
import { smtpSecurities, type ChannelInput, type ChannelKind, type Target } from './channel.ts'

export const channelBounds = {
  name: 100,
  url: 2000,
  secret: 1000,
  leastSecret: 16,
  host: 253,
  address: 320,
  recipients: 20,
  labels: 20,
  label: 63,
  channels: 50,
}

/** As mail servers take it at least; they have the last word. */
const mailAddress = /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/
const host = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9a-fA-F:]+$/

const fieldsOf: Record<ChannelKind, readonly (keyof ChannelInput)[]> = {
  webhook: ['url', 'secret'],
  ntfy: ['url', 'secret'],
  discord: ['url'],
  email: ['host', 'port', 'security', 'username', 'secret', 'from', 'to'],
}
const usual: readonly (keyof ChannelInput)[] = ['name', 'minSeverity', 'labels']

/** What is given wins over what was, and what is empty is none. */
const pick = (given: string | null | undefined, before: string | null | undefined): string | null => {
  const value = given === undefined || given === null ? before : given.trim()
  return value === undefined || value === '' ? null : value
}

/**
 * Reads where a channel leads.
 *
 * @param before what it was, for a change
 * @throws INVALID_INPUT with every problem
 */
export function targetOf(kind: ChannelKind, input: ChannelInput, before: Target | null): Target {
  const problems = [...unused(kind, input), ...commonProblems(input)]
  const target = kind === 'email' ? emailOf(input, before, problems) : urlTargetOf(kind, input, before, problems)
  if (problems.length > 0 || target === null) throw invalidInput(problems)
  return target
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const unused = (kind: ChannelKind, input: ChannelInput): FieldError[] =>
  (Object.keys(input) as (keyof ChannelInput)[])
    .filter((field) => isGiven(input[field]) && !usual.includes(field) && !fieldsOf[kind].includes(field))
    .map((field) => ({ field, message: `does not belong to a channel of the kind ${kind}` }))

function commonProblems({ name, labels, secret }: ChannelInput): FieldError[] {
  const { name: longest, labels: most, label, secret: longestSecret } = channelBounds
  const isName = !isGiven(name) || (name?.trim() !== '' && (name ?? '').length <= longest && isPrintable(name ?? ''))
  const areLabels = (labels ?? []).every((pair) => [pair.key, pair.value].every((part) => part !== '' && part.length <= label))
  return [
    ...(isName ? [] : [{ field: 'name', message: `must have 1 to ${longest} characters, and ${unprintableWords}` }]),
    ...(areLabels && (labels ?? []).length <= most ? [] : [{ field: 'labels', message: `must be at most ${most} labels of nodes` }]),
    ...((secret ?? '').length <= longestSecret && isPrintable(secret ?? '')
      ? []
      : [{ field: 'secret', message: `must have at most ${longestSecret} characters and no line breaks` }]),
  ]
}

function urlTargetOf(kind: Exclude<ChannelKind, 'email'>, input: ChannelInput, was: Target | null, problems: FieldError[]): Target | null {
  const before = was && was.kind !== 'email' ? was : null
  const text = pick(input.url, before?.url)
  const problem = urlProblem(kind, text)
  if (problem !== null) problems.push({ field: 'url', message: problem })
  // A secret is for one receiver. Whoever changes the address enters it again.
  const isElsewhere = before !== null && text !== null && URL.parse(text)?.origin !== new URL(before.url).origin
  const former = before && 'secret' in before && !isElsewhere ? before.secret : null
  const secret = pick(input.secret, former)
  if (text === null) return null
  if (kind === 'discord') return { kind, url: text }
  if (kind === 'ntfy') return { kind, url: text, secret }
  if (secret === null || secret.length < channelBounds.leastSecret) {
    const message = `must have at least ${channelBounds.leastSecret} characters. The receiver checks signatures with it`
    problems.push({ field: 'secret', message })
    return null
  }
  return { kind, url: text, secret }
}

/**
 * An administrator may name a receiver on this machine or in the home network, where people run ntfy. Addresses where no receiver can be
 * are refused here, and again when a name leads to one.
 */
function urlProblem(kind: ChannelKind, text: string | null): string | null {
  const url = URL.parse(text ?? '')
  if (text === null || url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'must be an address such as https://hooks.example.com/alarms'
  if (text.length > channelBounds.url) return `has ${text.length} characters. The maximum is ${channelBounds.url}`
  if (url.username !== '' || url.password !== '') return 'must not contain a password. Use the secret'
  if (isReservedHost(url.hostname)) return `${url.hostname} is an address where no receiver can be`
  if (kind === 'ntfy' && !/^\/(?:[^/]+\/)*[-_A-Za-z0-9]{1,64}$/.test(url.pathname))
    return 'must end with a topic, such as https://ntfy.sh/my-topic'
  return null
}

function emailOf(input: ChannelInput, was: Target | null, problems: FieldError[]): Target | null {
  const before = was?.kind === 'email' ? was : null
  const server = pick(input.host, before?.host)
  const port = input.port ?? before?.port ?? 587
  const security = input.security ?? before?.security ?? 'starttls'
  const username = pick(input.username, before?.username)
  const secret = pick(input.secret, before?.host === server ? before?.secret : null)
  const from = pick(input.from, before?.from)
  const to = (input.to ?? before?.to ?? []).map((each) => each.trim())
  const isServer = server !== null && server.length <= channelBounds.host && host.test(server)
  const isAddress = (text: string): boolean => text.length <= channelBounds.address && mailAddress.test(text) && isPrintable(text)
  const check = (isRight: boolean, field: string, message: string): void => void (isRight || problems.push({ field, message }))
  check(isServer && !isReservedHost(server), 'host', 'must be the name of a mail server, such as smtp.example.com')
  check(Number.isInteger(port) && port >= 1 && port <= 65_535, 'port', 'must be from 1 to 65535')
  check(smtpSecurities.includes(security), 'security', `must be one of ${smtpSecurities.join(', ')}`)
  check(from !== null && isAddress(from), 'from', 'must be an address such as alarms@example.com')
  const areRecipients = to.length >= 1 && to.length <= channelBounds.recipients && to.every(isAddress)
  check(areRecipients, 'to', `must be 1 to ${channelBounds.recipients} addresses such as me@example.com`)
  check(
    (username === null) === (secret === null),
    username === null ? 'username' : 'secret',
    'is missing. Give user name and password, or neither',
  )
  const isPlain = security === 'none' && username !== null && !isLoopbackHost(server ?? '')
  check(!isPlain, 'security', 'must be tls or starttls with a password, which would cross the network unencrypted')
  return server === null || from === null ? null : { kind: 'email', host: server, port, security, username, secret, from, to }
}
