import type { JoinAttempt } from '../api/cluster/joining/join-attempts.ts'
import type { JoinToken, NewJoinToken } from '../api/cluster/joining/join-tokens.ts'
import { joiningActions } from '../api/user/joining.ts'
import { action, builder, permission } from './builder.ts'
import { NodeLabel, NodeLabelInput, toLabels } from './labels.ts'

const JoinTokenState = builder.enumType('JoinTokenState', {
  description: 'Revoked tokens are deleted, so they have no state.',
  values: { OPEN: { value: 'open' }, USED_UP: { value: 'used-up' }, EXPIRED: { value: 'expired' } } as const,
})

const JoinHop = builder.enumType('JoinHop', {
  description: 'The step between a joining node and its primary at which an attempt failed.',
  values: {
    DNS: { value: 'dns' },
    TCP: { value: 'tcp' },
    TLS: { value: 'tls' },
    HTTP: { value: 'http', description: 'Something other than a primary answered, such as a proxy.' },
    CLOCK: { value: 'clock', description: 'The clocks differ by more than 5 minutes.' },
    TOKEN: { value: 'token' },
    NAME: { value: 'name', description: 'The id or the name is taken or invalid.' },
  } as const,
})

const JoinAttemptRef = builder.objectRef<JoinAttempt>('JoinAttempt').implement({
  description: 'An attempt to join, kept in memory. Failures on the way to the primary are reported by the node once it gets through.',
  fields: (t) => ({
    id: t.exposeID('id'),
    at: t.field({ type: 'DateTime', resolve: (attempt) => attempt.at }),
    address: t.exposeString('address'),
    hostname: t.exposeString('hostname', { nullable: true, description: "The node's own name for itself." }),
    tokenId: t.exposeID('tokenId', { nullable: true, description: 'Null for an unknown token.' }),
    tokenName: t.exposeString('tokenName', { nullable: true, description: 'Null for an unknown token.' }),
    ok: t.exposeBoolean('ok'),
    nodeId: t.exposeID('nodeId', { nullable: true }),
    hop: t.field({ type: JoinHop, nullable: true, description: 'Null if `ok`.', resolve: (attempt) => attempt.hop }),
    message: t.exposeString('message'),
  }),
})

const JoinTokenRef = builder.objectRef<JoinToken>('JoinToken').implement({
  description: 'A token with which new nodes register themselves. The token itself is not stored.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    namePattern: t.exposeString('namePattern'),
    labels: t.field({
      type: [NodeLabel],
      description: 'Labels for nodes that join with it.',
      resolve: ({ labels }) => Object.entries(labels).map(([key, value]) => ({ key, value })),
    }),
    maxUses: t.exposeInt('maxUses'),
    uses: t.exposeInt('uses'),
    createdAt: t.field({ type: 'DateTime', resolve: (token) => token.createdAt }),
    createdBy: t.exposeString('createdBy'),
    expiresAt: t.field({ type: 'DateTime', resolve: (token) => token.expiresAt }),
    state: t.field({ type: JoinTokenState, resolve: (token, _args, { user }) => user.joining.stateOf(token) }),
    lastAttempt: t.field({
      type: JoinAttemptRef,
      nullable: true,
      resolve: (token, _args, { user }) => user.joining.lastAttemptWith(token),
    }),
  }),
})

builder.queryFields((t) => ({
  joinTokens: t.field({
    type: [JoinTokenRef],
    description: 'Newest first.',
    ...permission('node.change'),
    resolve: (_root, _args, { user }) => user.joining.tokens(),
  }),
  joinAttempts: t.field({
    type: [JoinAttemptRef],
    description: 'The last 50 attempts since the server started, plus the last 20 with unknown tokens. Newest first.',
    ...permission('node.change'),
    resolve: (_root, _args, { user }) => user.joining.attempts(),
  }),
}))

const CreateJoinTokenInput = builder.inputType('CreateJoinTokenInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    namePattern: t.string({
      description: 'Name for joining nodes, such as web-{n}. Default: {hostname}. A taken name gets -2, -3 and so on.',
    }),
    labels: t.field({ type: [NodeLabelInput] }),
    maxUses: t.int({ description: '1 to 1000. Default: 1.' }),
    expiresInHours: t.int({ description: '1 to 8760. Default: 24.' }),
    primaryUrl: t.string({ description: 'URL at which new nodes reach this primary. Used in the commands.' }),
  }),
})

const JoinCommands = builder.objectRef<NewJoinToken['commands']>('JoinCommands').implement({
  description:
    'One-line commands for a POSIX shell. Each starts a node that joins by itself, and changes nothing on a node that has joined.',
  fields: (t) => ({
    docker: t.exposeString('docker', { description: 'In a container, by the script that the image brings.' }),
    systemd: t.exposeString('systemd', { description: 'As a systemd service, by the same script.' }),
    npm: t.exposeString('npm', { description: 'From a checkout.' }),
  }),
})

const NewJoinTokenRef = builder.objectRef<NewJoinToken>('NewJoinToken').implement({
  fields: (t) => ({
    token: t.field({ type: JoinTokenRef, resolve: ({ token }) => token }),
    secret: t.exposeString('secret', { description: 'The token itself. Shown only now.' }),
    commands: t.field({ type: JoinCommands, resolve: ({ commands }) => commands }),
  }),
})

builder.mutationFields((t) => ({
  createJoinToken: t.field({
    type: NewJoinTokenRef,
    ...action(joiningActions.createJoinToken),
    args: { input: t.arg({ type: CreateJoinTokenInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.joining.createToken({ ...input, labels: toLabels(input.labels) }),
  }),
  revokeJoinToken: t.field({
    type: 'ID',
    ...action(joiningActions.revokeJoinToken),
    description: 'No more nodes can join with the token. Nodes that have joined stay.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.joining.revokeToken(id),
  }),
}))

builder.subscriptionFields((t) => ({
  joinAttempted: t.field({
    type: JoinAttemptRef,
    description: 'Each attempt to join, as it happens.',
    ...permission('node.change'),
    subscribe: (_root, _args, { user }) => user.joining.watchAttempts(),
    resolve: (attempt) => attempt,
  }),
}))
