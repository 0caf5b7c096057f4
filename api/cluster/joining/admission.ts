import type { AuditLog } from '../../auth/audit-log.ts'
import type { Clock } from '../../clock.ts'
import { bounds, cut } from '../../bounds.ts'
import { AppError, invalidInput } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { oneAtATime } from '../../one-at-a-time.ts'
import { isLoopbackUrl } from '../transport/node-address.ts'
import type { NodeAbout } from '../members/node-about.ts'
import type { JoinAttempts } from './join-attempts.ts'
import type { EarlierFailure, JoinHop } from './join-hops.ts'
import type { JoinToken, JoinTokens, JoinTokenState } from './join-tokens.ts'
import type { RegisterNodeInput } from '../members/node-input.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import { clockSkewInWords } from './clock-skew.ts'
import { joinEndpointProblem } from '../transport/endpoint-guard.ts'
import { seenEndpoint } from './seen-endpoint.ts'

export interface JoinRequest {
  token: string | null
  id: string
  /** The node's own name for itself: NODE_NAME, or else its host name. */
  name: string
  apiEndpoint: string
  apiKey: string
  /** The node's time when it asked; null if it did not send it. */
  time: Date | null
  about: NodeAbout | null
  /** The node's earlier failed attempts, as it reports them. */
  earlier: EarlierFailure[]
  /** The caller's address, and whether it is a different machine from this one. */
  address: string
  isElsewhere: boolean
}

export interface Joined {
  node: ClusterNode
  /** Notes for people about how the node joined. */
  notes: string[]
}

export type Admission = ReturnType<typeof createAdmission>

/**
 * Lets nodes register themselves with a join token. Only new nodes can join: for a known node nothing changes, and the token
 * keeps its uses. Nodes join one at a time, so uses and names are counted correctly even if many come at once.
 */
export function createAdmission(deps: {
  self: { isPrimary: boolean; name: string }
  tokens: JoinTokens
  attempts: JoinAttempts
  findNode: (id: string) => { name: string } | undefined
  /** The name that a token's pattern gives to a node with this host name. */
  nameFor: (pattern: string, hostname: string) => string
  register: (input: RegisterNodeInput) => Promise<ClusterNode>
  learn: (id: string, about: NodeAbout) => void
  /** Counts a refused token. @throws RATE_LIMITED */
  countRefused: (address: string) => Promise<void>
  audited: AuditLog['around']
  clock: Clock
  log: Log
}) {
  const { self, tokens, attempts, clock, log } = deps
  const queued = oneAtATime()

  /** Records the failed attempt. @throws the given error */
  function refuse(request: JoinRequest, token: JoinToken | null, hop: JoinHop, error: AppError): never {
    attempts.add({ ...partsOf(request, token), ok: false, nodeId: null, hop, message: error.message })
    const { address, name } = request
    log.warn({ address, hostname: name, joinToken: token?.name ?? null, hop, reason: error.message }, 'join refused')
    throw error
  }

  async function tokenOf(request: JoinRequest): Promise<JoinToken> {
    const { token: secret, address } = request
    // A caller without a token is not guessing, so this is not counted.
    if (!secret) throw new AppError('UNAUTHENTICATED', 'token: is required, in the body or as Authorization: Bearer')
    const token = tokens.find(secret)
    const problem = token ? tokenProblems[tokens.stateOf(token)] : 'The join token is unknown or was revoked'
    if (token && problem === null) return token
    // Counted first, so attempts beyond the rate limit are not stored.
    await deps.countRefused(address)
    return refuse(request, token, 'token', new AppError('UNAUTHENTICATED', `${problem}. Create a new one on the primary`))
  }

  async function admit(request: JoinRequest, token: JoinToken): Promise<Joined> {
    const id = request.id.trim().toLowerCase()
    const hostname = printable(request.name)
    if (deps.findNode(id)) refuse(request, token, 'name', idTaken(id))
    const skew = skewOf(request, clock.now())
    if (skew !== null) refuse(request, token, 'clock', invalidInput([{ field: 'time', message: skew }]))
    const problem = joinEndpointProblem(request.apiEndpoint)
    if (problem !== null) refuse(request, token, 'http', invalidInput([{ field: 'apiEndpoint', message: problem }]))
    await tokens.take(token.id).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED') refuse(request, token, 'token', error)
      throw error
    })
    const node = await register(request, token, { id, hostname })
    if (request.about) deps.learn(id, request.about)
    return { node, notes: notesOf(request, node) }
  }

  async function register(
    request: JoinRequest,
    token: JoinToken,
    { id, hostname }: { id: string; hostname: string },
  ): Promise<ClusterNode> {
    const { address, apiEndpoint, apiKey } = request
    const registered: { node?: ClusterNode } = {}
    try {
      return await deps.audited(
        { name: token.name, via: 'join-token', address },
        { action: 'node.join', nodeId: id, subject: hostname },
        async () => {
          // Nothing waits between choosing the name and registering it, so no other node can take it.
          const name = deps.nameFor(token.namePattern, hostname)
          return (registered.node = await deps.register({ id, name, apiEndpoint, apiKey, labels: token.labels }))
        },
        ({ name }) => ({ subject: name }),
      )
    } catch (error) {
      if (registered.node) {
        // The node is registered. An error would make it ask again and learn that its id is taken.
        log.error({ err: error, node: registered.node.name }, 'could not write the outcome of a join to the audit log')
        return registered.node
      }
      // If giving the use back fails, it is lost. That must not hide the original error.
      await tokens.giveBack(token.id).catch(() => undefined)
      if (!(error instanceof AppError)) throw error
      return refuse(request, token, error.code === 'CONFLICT' ? 'name' : 'http', error)
    }
  }

  return {
    /**
     * @throws UNAUTHENTICATED (token missing, unknown, expired or used up), CONFLICT (the node is known), INVALID_INPUT
     *   (field `time`: the clocks differ), RATE_LIMITED, FORBIDDEN (on a secondary)
     */
    async join(request: JoinRequest): Promise<Joined> {
      if (!self.isPrimary) throw new AppError('FORBIDDEN', `${self.name} is a secondary. Nodes must join its primary`)
      const token = await tokenOf(request)
      for (const { at, hop, message } of request.earlier) {
        attempts.add({ ...partsOf(request, token), at: earliest(at, clock.now()), ok: false, nodeId: null, hop, message })
      }
      const seen = await seenEndpoint(request)
      const joined = await queued(() => admit({ ...request, apiEndpoint: seen ?? request.apiEndpoint }, token))
      const { node } = joined
      const notes = [...joined.notes, ...(seen ? [`Others reach it at ${seen}, the address that it called from`] : [])]
      const message = [`Joined as ${node.name}.`, ...notes].join(' ')
      attempts.add({ ...partsOf(request, token), ok: true, nodeId: node.id, hop: null, message })
      log.info({ node: node.name, id: node.id, address: request.address, joinToken: token.name, notes }, 'node joined')
      return { node, notes }
    },
  }
}

const tokenProblems: Record<JoinTokenState, string | null> = {
  open: null,
  expired: 'The join token has expired',
  'used-up': 'The join token is used up',
}

const partsOf = ({ address, name }: JoinRequest, token: JoinToken | null) => ({
  address,
  hostname: printable(name) || null,
  tokenId: token?.id ?? null,
  tokenName: token?.name ?? null,
})

/** Makes text from strangers safe to show: short, and without control characters. */
const printable = (text: string): string => cut(text.replace(/\p{C}/gu, '').trim(), bounds.nodeName)

const earliest = (a: Date, b: Date): Date => (a < b ? a : b)

const idTaken = (id: string): AppError =>
  new AppError('CONFLICT', `id: a node with id ${id} is already registered. Nothing was changed`, {
    fields: [{ field: 'id', message: 'is already registered' }],
  })

function skewOf({ time }: JoinRequest, now: Date): string | null {
  if (time === null) return "is required: the node's current time, in ISO 8601"
  return clockSkewInWords({ node: time, primary: now })
}

/** An endpoint on the loopback interface leads every caller to itself. */
function notesOf({ isElsewhere }: JoinRequest, { apiEndpoint }: ClusterNode): string[] {
  if (!isElsewhere || !isLoopbackUrl(apiEndpoint)) return []
  return [
    `Its endpoint ${cut(apiEndpoint, 500)} works only on the node itself, so other nodes can reach it only over its link. ` +
      'To make it reachable by address, set NODE_API_ENDPOINT there and change its endpoint here',
  ]
}
