import { snapshotThenChanges } from '../api/events.ts'
import type { JoinAttempt } from '../api/nodes/join-attempts.ts'
import type { JoinToken, NewJoinToken } from '../api/nodes/join-tokens.ts'
import { builder, permission } from './builder.ts'
import { NodeLabel, NodeLabelInput, toLabels } from './labels.ts'

const JoinTokenState = builder.enumType('JoinTokenState', {
  description: 'Revoked ones are gone.',
  values: { OPEN: { value: 'open' }, USED_UP: { value: 'used-up' }, EXPIRED: { value: 'expired' } } as const,
})

const JoinHop = builder.enumType('JoinHop', {
  description: 'Where on the way from a joining node to its primary an attempt ended.',
  values: {
    DNS: { value: 'dns' },
    TCP: { value: 'tcp' },
    TLS: { value: 'tls' },
    HTTP: { value: 'http', description: "An answer that is no primary's, such as a proxy's." },
    CLOCK: { value: 'clock', description: 'The clocks differ by more than 5 minutes.' },
    TOKEN: { value: 'token' },
    NAME: { value: 'name', description: 'The id or the name cannot be had.' },
  } as const,
})

const JoinAttemptRef = builder.objectRef<JoinAttempt>('JoinAttempt').implement({
  description: 'A try to join, kept in memory. Of hops before the primary it is the node that tells, once it got through.',
  fields: (t) => ({
    id: t.exposeID('id'),
    at: t.field({ type: 'DateTime', resolve: (attempt) => attempt.at }),
    address: t.exposeString('address'),
    hostname: t.exposeString('hostname', { nullable: true, description: 'What the node calls itself.' }),
    tokenId: t.exposeID('tokenId', { nullable: true, description: 'Null for a token that is not known.' }),
    tokenName: t.exposeString('tokenName', { nullable: true, description: 'Likewise.' }),
    ok: t.exposeBoolean('ok'),
    nodeId: t.exposeID('nodeId', { nullable: true }),
    hop: t.field({ type: JoinHop, nullable: true, description: 'Null when it is ok.', resolve: (attempt) => attempt.hop }),
    message: t.exposeString('message'),
  }),
})

const JoinTokenRef = builder.objectRef<JoinToken>('JoinToken').implement({
  description: 'With it new nodes register themselves; the token itself is not kept.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    namePattern: t.exposeString('namePattern'),
    labels: t.field({
      type: [NodeLabel],
      description: 'What nodes that join with it get.',
      resolve: ({ labels }) => Object.entries(labels).map(([key, value]) => ({ key, value })),
    }),
    maxUses: t.exposeInt('maxUses'),
    uses: t.exposeInt('uses'),
    createdAt: t.field({ type: 'DateTime', resolve: (token) => token.createdAt }),
    createdBy: t.exposeString('createdBy'),
    expiresAt: t.field({ type: 'DateTime', resolve: (token) => token.expiresAt }),
    state: t.field({ type: JoinTokenState, resolve: (token, _args, { services }) => services.joinTokens.stateOf(token) }),
    lastAttempt: t.field({
      type: JoinAttemptRef,
      nullable: true,
      resolve: ({ id }, _args, { services }) => services.joinAttempts.lastOf(id),
    }),
  }),
})

builder.queryFields((t) => ({
  joinTokens: t.field({
    type: [JoinTokenRef],
    description: 'The newest first.',
    ...permission('node.change'),
    resolve: (_root, _args, { user }) => user.joinTokens(),
  }),
  joinAttempts: t.field({
    type: [JoinAttemptRef],
    description: 'The last 50 since the start, and the last 20 with tokens that are not known, the newest first.',
    ...permission('node.change'),
    resolve: (_root, _args, { user }) => user.joinAttempts(),
  }),
}))

const CreateJoinTokenInput = builder.inputType('CreateJoinTokenInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    namePattern: t.string({
      description: 'The name that a node gets, such as web-{n}; {hostname} when left out. A name that is taken gets -2, -3 and so on.',
    }),
    labels: t.field({ type: [NodeLabelInput] }),
    maxUses: t.int({ description: '1 to 1000; 1 when left out.' }),
    expiresInHours: t.int({ description: '1 to 8760; 24 when left out.' }),
    primaryUrl: t.string({ description: 'For the commands: the URL at which new nodes reach this primary.' }),
  }),
})

const JoinCommands = builder.objectRef<NewJoinToken['commands']>('JoinCommands').implement({
  description: 'Each starts a node that joins by itself, in one line for a POSIX shell.',
  fields: (t) => ({ docker: t.exposeString('docker'), npm: t.exposeString('npm') }),
})

const NewJoinTokenRef = builder.objectRef<NewJoinToken>('NewJoinToken').implement({
  fields: (t) => ({
    token: t.field({ type: JoinTokenRef, resolve: ({ token }) => token }),
    secret: t.exposeString('secret', { description: 'Shown now and never again.' }),
    commands: t.field({ type: JoinCommands, resolve: ({ commands }) => commands }),
  }),
})

builder.mutationFields((t) => ({
  createJoinToken: t.field({
    type: NewJoinTokenRef,
    ...permission('node.change'),
    args: { input: t.arg({ type: CreateJoinTokenInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.createJoinToken({ ...input, labels: toLabels(input.labels) }),
  }),
  revokeJoinToken: t.field({
    type: 'ID',
    ...permission('node.change'),
    description: 'Nobody joins with it any more. Nodes that joined stay.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.revokeJoinToken(id),
  }),
}))

builder.subscriptionFields((t) => ({
  joinAttempted: t.field({
    type: JoinAttemptRef,
    description: 'Attempts to join as they happen.',
    ...permission('node.change'),
    subscribe: (_root, _args, { services }) =>
      snapshotThenChanges<JoinAttempt>({
        snapshot: () => [],
        subscribe: (push) => services.events.on('joinAttempt', push),
        // However many there are, whoever reads slowly has no backlog of failures: the newest of each kind will do.
        keyOf: ({ tokenId, nodeId, hop }) => `${tokenId} ${nodeId} ${hop}`,
      }),
    resolve: (attempt) => attempt,
  }),
}))
