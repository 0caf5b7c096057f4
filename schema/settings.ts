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
  }),
})

builder.queryFields((t) => ({
  settings: t.field({ type: SettingsRef, ...permission('settings.read'), resolve: (_root, _args, { user }) => user.settings() }),
}))

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'What is left out stays; null removes a setting.',
  fields: (t) => ({ cloudflareApiToken: t.string(), cloudflareAccountId: t.string() }),
})

builder.mutationFields((t) => ({
  updateSettings: t.field({
    type: SettingsRef,
    ...permission('settings.change'),
    args: { input: t.arg({ type: UpdateSettingsInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.updateSettings(input),
  }),
}))
