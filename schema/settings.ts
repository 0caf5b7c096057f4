import type { Settings } from '../api/settings/settings-service.ts'
import { builder } from './builder.ts'

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
  settings: t.field({ type: SettingsRef, resolve: (_root, _args, { services }) => services.settings.masked() }),
}))

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'What is left out stays; null removes a setting.',
  fields: (t) => ({ cloudflareApiToken: t.string(), cloudflareAccountId: t.string() }),
})

builder.mutationFields((t) => ({
  updateSettings: t.field({
    type: SettingsRef,
    args: { input: t.arg({ type: UpdateSettingsInput, required: true }) },
    async resolve(_root, { input }, { services }) {
      await services.settings.update(input)
      return services.settings.masked()
    },
  }),
}))
