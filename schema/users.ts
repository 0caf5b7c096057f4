import type { Invitation } from '../api/auth/invitations.ts'
import { nodeLimitWords } from '../api/auth/node-limits.ts'
import type { KnownUser } from '../api/auth/users.ts'
import { userActions } from '../api/user/users.ts'
import { SessionRef } from './account.ts'
import { action, builder, permission } from './builder.ts'
import { Role } from './server.ts'

const limitWords = 'Label sets such as env=lab,team=web. The role is for nodes that have every label of any one set. Null means every node.'

const RoleSource = builder.enumType('RoleSource', {
  values: {
    SETTINGS: {
      value: 'settings',
      description: 'AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS names the person. It cannot be changed here.',
    },
    DASHBOARD: { value: 'dashboard', description: 'An administrator gave it.' },
    DEFAULT: { value: 'default', description: 'Nobody gave one.' },
    SERVER: { value: 'server', description: 'The account for sign-in links is always an admin.' },
  } as const,
})

const UserRef = builder.objectRef<KnownUser>('User').implement({
  description: 'A person who can sign in and has done so at least once.',
  fields: (t) => ({
    id: t.exposeID('id'),
    provider: t.exposeString('provider'),
    passwordName: t.string({
      nullable: true,
      description: 'The name that belongs to the password. Null without a password.',
      resolve: (of, _args, { user }) => user.users.passwordNameOf(of),
    }),
    hasSecondFactor: t.boolean({
      description: 'Whether a code is asked for after the password.',
      resolve: (of, _args, { user }) => user.users.hasSecondFactor(of),
    }),
    passkeyCount: t.int({ resolve: (of, _args, { user }) => user.users.passkeyCountOf(of) }),
    login: t.exposeString('login'),
    name: t.exposeString('name', { nullable: true }),
    email: t.exposeString('email', { nullable: true }),
    groups: t.exposeStringList('groups'),
    role: t.field({ type: Role, resolve: (user) => user.role }),
    nodeLimit: t.stringList({ nullable: true, description: limitWords, resolve: ({ nodeLimit }) => nodeLimitWords(nodeLimit) }),
    roleFrom: t.field({ type: RoleSource, resolve: ({ roleFrom }) => roleFrom }),
    createdAt: t.field({ type: 'DateTime', resolve: (user) => user.createdAt }),
    lastSignInAt: t.field({ type: 'DateTime', resolve: (user) => user.lastSignInAt }),
    lastSeenAt: t.field({ type: 'DateTime', resolve: (of, _args, { user }) => user.users.lastSeenOf(of) }),
    sessions: t.field({
      type: [SessionRef],
      description: 'Most recently used first.',
      resolve: (of, _args, { user }) => user.users.sessionsOf(of),
    }),
  }),
})

const InvitationRef = builder.objectRef<Invitation>('Invitation').implement({
  description: 'An invitation that can still be used.',
  fields: (t) => ({
    id: t.exposeID('id'),
    note: t.exposeString('note', { description: 'For whom it is.' }),
    role: t.field({ type: Role, resolve: ({ role }) => role }),
    nodeLimit: t.stringList({ nullable: true, description: limitWords, resolve: ({ nodeLimit }) => nodeLimitWords(nodeLimit) }),
    invitedBy: t.exposeString('invitedBy', { nullable: true, description: 'Null for a token made on the server itself.' }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    expiresAt: t.field({ type: 'DateTime', resolve: ({ expiresAt }) => expiresAt }),
  }),
})

builder.queryFields((t) => ({
  users: t.field({
    type: [UserRef],
    description: 'Users sorted by login.',
    ...permission('users.manage'),
    resolve: (_root, _args, { user }) => user.users.list(),
  }),
  invitations: t.field({
    type: [InvitationRef],
    description: 'Open invitations, newest first.',
    ...permission('users.manage'),
    resolve: (_root, _args, { user }) => user.users.invitations(),
  }),
}))

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  fields: (t) => ({
    role: t.field({ type: Role, required: true }),
    nodeLimit: t.stringList({ description: limitWords }),
  }),
})

const InviteUserInput = builder.inputType('InviteUserInput', {
  fields: (t) => ({
    role: t.field({ type: Role, required: true }),
    nodeLimit: t.stringList({ description: limitWords }),
    note: t.string({ description: 'For whom it is.' }),
    expiresInHours: t.int({ description: '1 to 720. Default: 168, a week.' }),
  }),
})

const NewInvitation = builder.objectRef<{ invitation: Invitation; code: string }>('NewInvitation').implement({
  fields: (t) => ({
    invitation: t.field({ type: InvitationRef, resolve: ({ invitation }) => invitation }),
    code: t.exposeString('code', { description: "Shown only now. The link is this server's URL with `/#invite=` and the code." }),
  }),
})

builder.mutationFields((t) => ({
  updateUser: t.field({
    type: UserRef,
    description: 'Gives a person a role, unless the settings do.',
    ...action(userActions.updateUser),
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateUserInput, required: true }) },
    resolve: (_root, { id, input }, { user }) => user.users.update(id, input),
  }),
  endUserSessions: t.field({
    type: UserRef,
    description: 'Signs a person out of every browser. API tokens keep working.',
    ...action(userActions.endUserSessions),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.users.endSessions(id),
  }),
  resetSecondFactor: t.field({
    type: UserRef,
    description: 'Removes the authenticator app of someone who lost it. The password alone signs them in from then on.',
    ...action(userActions.resetSecondFactor),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.users.resetSecondFactor(id),
  }),
  removeUser: t.field({
    type: 'ID',
    description: 'Removes an account with its sessions and tokens. To keep someone of a provider out, take them off its allowlist too.',
    ...action(userActions.removeUser),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.users.remove(id),
  }),
  inviteUser: t.field({
    type: NewInvitation,
    description: 'Makes a link with which one person signs in for the first time.',
    ...action(userActions.inviteUser),
    args: { input: t.arg({ type: InviteUserInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.users.invite(input),
  }),
  withdrawInvitation: t.field({
    type: 'ID',
    ...action(userActions.withdrawInvitation),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.users.withdraw(id),
  }),
}))

builder.subscriptionFields((t) => ({
  usersChanged: t.boolean({
    description: 'True each time that a user, their ways to sign in, their sessions or an invitation changed. Ask for them again.',
    ...permission('users.manage'),
    subscribe: (_root, _args, { user }) => user.users.watch(),
    resolve: (changed) => changed,
  }),
}))
