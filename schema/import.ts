import type { ImportPreview } from '../api/apps/import/import-input.ts'
import { appActions } from '../api/user/apps.ts'
import { allowField } from './allowances.ts'
import { EnvironmentVariableInput } from './app-contents.ts'
import { AppOperationRef } from './apps.ts'
import { action, builder, costOfText, permission } from './builder.ts'
import { AppValidationRef } from './validation.ts'

const ImportAppInput = builder.inputType('ImportAppInput', {
  fields: (t) => ({
    project: t.string({ required: true, description: 'The name of the Compose project. The app gets the same.' }),
    composeContent: t.string({
      description: "The Compose file, if the project's own cannot be read. Without it one is drafted from what runs.",
    }),
    environment: t.field({ type: [EnvironmentVariableInput], description: 'Values that come before those of its `.env`.' }),
    allow: allowField(t),
    confirmFolder: t.string({ description: "The project's folder, if that is outside APPS_DIR: the app stays in it." }),
  }),
})

const ImportPreviewRef = builder.objectRef<ImportPreview>('ImportPreview').implement({
  description: 'What an import would make.',
  fields: (t) => ({
    folder: t.exposeString('folder', { nullable: true, description: 'Where the app stays. Null: it gets a folder in APPS_DIR.' }),
    mustConfirm: t.exposeBoolean('mustConfirm', { description: 'Whether confirmFolder must name the folder, which is outside APPS_DIR.' }),
    file: t.exposeString('file', { description: 'Name of its Compose file.' }),
    composeContent: t.exposeString('composeContent', { complexity: costOfText }),
    problem: t.exposeString('problem', { nullable: true, description: "Why the project's own file is not used. Null when it is." }),
    mergedFrom: t.exposeStringList('mergedFrom', {
      description: 'Paths of the Compose files that were made one. Empty unless the project has several.',
    }),
    isDrafted: t.exposeBoolean('isDrafted', { description: 'Whether the file was drafted from what runs.' }),
    variables: t.exposeStringList('variables', { description: 'Names that get plain values, such as from `.env`.' }),
    secrets: t.exposeStringList('secrets', { description: 'Names that get a secret value, such as from the containers.' }),
    validation: t.field({ type: AppValidationRef, resolve: ({ validation }) => validation }),
  }),
})

builder.queryFields((t) => ({
  importPreview: t.field({
    type: ImportPreviewRef,
    ...permission('app.allow'),
    description: 'Asks the node what importApp would make, and changes nothing.',
    args: { nodeId: t.arg.id({ required: true }), input: t.arg({ type: ImportAppInput, required: true }) },
    resolve: (_root, { nodeId, input }, { user }) => user.apps.importPreview(nodeId, input),
  }),
}))

builder.mutationFields((t) => ({
  importApp: t.field({
    type: AppOperationRef,
    ...action(appActions.importApp),
    description:
      'Makes an app of a Compose project that runs on the node, without restarting it. Its folder stays where it is if the node can read it. Administrators only.',
    args: { nodeId: t.arg.id({ required: true }), input: t.arg({ type: ImportAppInput, required: true }) },
    resolve: (_root, { nodeId, input }, { user }) => user.apps.importApp(nodeId, input),
  }),
}))
