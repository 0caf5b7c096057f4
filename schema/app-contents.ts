import { builder } from './builder.ts'

/** What an app is made of besides its Compose file. */

export const EnvironmentVariableInput = builder.inputType('EnvironmentVariableInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    value: t.string({ description: 'Null on a secret keeps the stored one.' }),
    secret: t.boolean({ defaultValue: false, description: 'Stored encrypted, and never shown again.' }),
  }),
})

const AppFileInput = builder.inputType('AppFileInput', {
  description: "A text file. Its path is relative to the app's folder. All together have at most 512 KiB and are at most 50.",
  fields: (t) => ({
    path: t.string({ required: true }),
    content: t.string({ description: 'Null on a secret file keeps the stored one.' }),
    secret: t.boolean({
      defaultValue: false,
      description: 'Stored encrypted, never shown again, and readable on the node by its owner only.',
    }),
  }),
})

type InputFields = Parameters<NonNullable<Parameters<typeof builder.inputType>[1]['fields']>>[0]

/** Each list replaces the whole list. */
export const contentsFields = (t: InputFields) => ({
  files: t.field({ type: [AppFileInput] }),
  environment: t.field({ type: [EnvironmentVariableInput] }),
  profiles: t.stringList({ description: 'Compose profiles that are active.' }),
})
