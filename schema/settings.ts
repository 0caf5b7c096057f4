import type { MoveOutcome } from '../api/cluster/primary-move.ts'
import type { Settings } from '../api/settings/settings-service.ts'
import { settingActions } from '../api/user/settings.ts'
import { action, builder, permission } from './builder.ts'

const SettingsRef = builder.objectRef<Settings>('Settings').implement({
  description: 'Settings that all nodes of the cluster share. Secrets are masked.',
  fields: (t) => ({
    cloudflareApiToken: t.exposeString('cloudflareApiToken', {
      nullable: true,
      description: 'Masked: shows the last four characters at most. Sending a masked value back changes nothing.',
    }),
    cloudflareAccountId: t.exposeString('cloudflareAccountId', { nullable: true }),
    primaryUrl: t.exposeString('primaryUrl', { nullable: true, description: 'URL at which nodes reach the primary, if it was changed.' }),
  }),
})

builder.queryFields((t) => ({
  settings: t.field({ type: SettingsRef, ...permission('settings.read'), resolve: (_root, _args, { user }) => user.settings.get() }),
}))

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'Fields you leave out keep their value. Null removes a setting.',
  fields: (t) => ({ cloudflareApiToken: t.string(), cloudflareAccountId: t.string() }),
})

const PrimaryUrlOutcome = builder.objectRef<MoveOutcome>('PrimaryUrlOutcome').implement({
  description: 'Whether a node reached its primary at the new URL. If not, it keeps the old one.',
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
    ...action(settingActions.changePrimaryUrl),
    description: "Tells every node the primary's new URL. Nodes that are away learn it when they are back. Fails with INVALID_INPUT.",
    args: { url: t.arg.string({ required: true }) },
    resolve: (_root, { url }, { user }) => user.settings.changePrimaryUrl(url),
  }),
  updateSettings: t.field({
    type: SettingsRef,
    ...action(settingActions.updateSettings),
    args: { input: t.arg({ type: UpdateSettingsInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.settings.update(input),
  }),
}))
