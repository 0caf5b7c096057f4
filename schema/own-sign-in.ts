import type { Passkey, PasskeyChallenge } from '../api/auth/passkeys.ts'
import { signInActions, type OwnSignIn } from '../api/user/own-sign-in.ts'
import { action, builder, permission } from './builder.ts'

const PasskeyRef = builder.objectRef<Passkey>('Passkey').implement({
  description: 'A key pair in a device of the caller, who signs in with it without a name.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    lastUsedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ lastUsedAt }) => lastUsedAt }),
  }),
})

const OwnSignInRef = builder.objectRef<OwnSignIn>('OwnSignIn').implement({
  description: 'How the caller signs in on this server.',
  fields: (t) => ({
    name: t.exposeString('name', { nullable: true, description: 'The name that belongs to the password. Null without a password.' }),
    needsCurrent: t.exposeBoolean('needsCurrent', {
      description: 'Whether `PUT /auth/password` needs the password until now: there is one, and the session is not from a new link.',
    }),
    secondFactor: t.exposeBoolean('secondFactor', {
      description: 'Whether a code of an authenticator app is asked for after the password.',
    }),
    recoveryCodesLeft: t.exposeInt('recoveryCodesLeft'),
    passkeys: t.field({ type: [PasskeyRef], description: 'Oldest first.', resolve: ({ passkeys }) => passkeys }),
    passkeyOrigin: t.exposeString('passkeyOrigin', {
      nullable: true,
      description: 'The only origin of the dashboard where passkeys work. Null where they work nowhere.',
    }),
    passkeyProblem: t.exposeString('passkeyProblem', { nullable: true, description: 'Why there are no passkeys here.' }),
  }),
})

builder.queryField('ownSignIn', (t) =>
  t.field({
    type: OwnSignInRef,
    ...permission('account.manage'),
    resolve: (_root, _args, { user }) => user.signIn.state(),
  }),
)

const NewSecondFactor = builder.objectRef<{ secret: string; uri: string }>('NewSecondFactor').implement({
  fields: (t) => ({
    secret: t.exposeString('secret', { description: 'To type into an authenticator app. Shown only now.' }),
    uri: t.exposeString('uri', { description: 'The same as `otpauth:` for a QR code.' }),
  }),
})

const PasskeyChallengeRef = builder.objectRef<PasskeyChallenge>('PasskeyChallenge').implement({
  fields: (t) => ({
    options: t.string({ description: 'JSON for `navigator.credentials.create`.', resolve: ({ options }) => JSON.stringify(options) }),
    state: t.exposeString('state', { description: 'Sent back with the answer.' }),
  }),
})

const AddPasskeyInput = builder.inputType('AddPasskeyInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    state: t.string({ required: true }),
    response: t.string({ required: true, description: 'What the browser answered, as JSON.' }),
  }),
})

builder.mutationFields((t) => ({
  beginSecondFactor: t.field({
    type: NewSecondFactor,
    description: 'Makes a secret for an authenticator app. Nothing is asked for until a code confirms it.',
    ...action(signInActions.beginSecondFactor),
    resolve: (_root, _args, { user }) => user.signIn.beginSecondFactor(),
  }),
  confirmSecondFactor: t.stringList({
    description: 'Turns the authenticator app on. The answer is recovery codes, each good once, shown only now.',
    ...action(signInActions.confirmSecondFactor),
    args: { code: t.arg.string({ required: true }) },
    resolve: (_root, { code }, { user }) => user.signIn.confirmSecondFactor(code),
  }),
  removeSecondFactor: t.boolean({
    description: 'Turns the authenticator app off, with a code of it or a recovery code.',
    ...action(signInActions.removeSecondFactor),
    args: { code: t.arg.string({ required: true }) },
    resolve: (_root, { code }, { user }) => user.signIn.removeSecondFactor(code),
  }),
  beginPasskey: t.field({
    type: PasskeyChallengeRef,
    ...action(signInActions.beginPasskey),
    resolve: (_root, _args, { user }) => user.signIn.beginPasskey(),
  }),
  addPasskey: t.field({
    type: PasskeyRef,
    ...action(signInActions.addPasskey),
    args: { input: t.arg({ type: AddPasskeyInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.signIn.addPasskey(input),
  }),
  renamePasskey: t.field({
    type: PasskeyRef,
    ...action(signInActions.renamePasskey),
    args: { id: t.arg.id({ required: true }), name: t.arg.string({ required: true }) },
    resolve: (_root, { id, name }, { user }) => user.signIn.renamePasskey(id, name),
  }),
  removePasskey: t.field({
    type: 'ID',
    ...action(signInActions.removePasskey),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.signIn.removePasskey(id),
  }),
}))
