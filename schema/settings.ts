import type { MoveOutcome } from '../api/cluster/primary-move.ts'
import type { Settings } from '../api/settings/settings-service.ts'
import { builder, permission } from './builder.ts'

const SettingsRef = builder.objectRef<Settings>('Settings').implement({
  description: 'What every node of the cluster shares. Secrets are masked.',
  fields: (t) => ({
    cloudflareApiToken: t.exposeString('cloudflareApiToken', {
      nullable: true,
      description: 'Masked: the last four characters at most. A masked value sent back changes nothing.',
    }),
    cloudflareAccountId: t.exposeString('cloudflareAccountId', { nullable: true }),
    primaryUrl: t.exposeString('primaryUrl', { nullable: true, description: 'Where nodes find their primary, once that was changed.' }),
  }),
})

builder.queryFields((t) => ({
  settings: t.field({ type: SettingsRef, ...permission('settings.read'), resolve: (_root, _args, { user }) => user.settings() }),
}))

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'What is left out stays; null removes a setting.',
  fields: (t) => ({ cloudflareApiToken: t.string(), cloudflareAccountId: t.string() }),
})

const PrimaryUrlOutcome = builder.objectRef<MoveOutcome>('PrimaryUrlOutcome').implement({
  description: 'Whether a node found its primary at the new URL; one that did not stays with the former.',
  fields: (t) => ({
    nodeId: t.exposeID('nodeId'),
    nodeName: t.exposeString('nodeName'),
    ok: t.exposeBoolean('ok'),
    error: t.exposeString('error', { nullable: true }),
  }),
})

builder.mutationFields((t) => ({
  changePrimaryUrl: t.field({
    type: [PrimaryUrlOutcome],
    ...permission('node.change'),
    description: 'Tells every node where its primary is now. One that is away learns it when it is back. Fails with INVALID_INPUT.',
    args: { url: t.arg.string({ required: true }) },
    resolve: (_root, { url }, { user }) => user.changePrimaryUrl(url),
  }),
  updateSettings: t.field({
    type: SettingsRef,
    ...permission('settings.change'),
    args: { input: t.arg({ type: UpdateSettingsInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.updateSettings(input),
  }),
}))
