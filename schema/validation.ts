import type { AppValidation, PolicyFinding } from '../api/apps/compose/validation.ts'
import type { ComposeVariable } from '../api/apps/environment/variables.ts'
import { CreateAppInput } from './apps.ts'
import { builder, costOfText, permission } from './builder.ts'
import { ComposeProblemRef } from './operations.ts'

const PolicyFindingRef = builder.objectRef<PolicyFinding>('PolicyFinding').implement({
  description: 'Something in the file that the safety policy does not allow by itself.',
  fields: (t) => ({
    rule: t.exposeString('rule'),
    detail: t.exposeString('detail', { nullable: true, description: 'The value in question, such as the path that is mounted.' }),
    service: t.exposeString('service', { description: 'Empty for the whole app.' }),
    path: t.exposeString('path', { description: 'The place in the model, such as `services.web.cap_add[0]`.' }),
    message: t.exposeString('message'),
    line: t.exposeInt('line', { nullable: true }),
    canBeAllowed: t.exposeBoolean('canBeAllowed', {
      description: 'Whether an administrator can allow it. Not for what could change later without anyone seeing it.',
    }),
    allowed: t.exposeBoolean('allowed', { description: 'Whether an administrator has allowed it.' }),
  }),
})

const ComposeVariableRef = builder.objectRef<ComposeVariable>('ComposeVariable').implement({
  description: 'A variable that the file uses.',
  fields: (t) => ({
    name: t.exposeString('name'),
    default: t.exposeString('default', { nullable: true, description: 'What `${NAME:-default}` falls back to.' }),
    required: t.exposeBoolean('required', { description: 'Compose refuses the file without it: `${NAME:?why}`.' }),
    isSet: t.exposeBoolean('isSet'),
  }),
})

export const AppValidationRef = builder.objectRef<AppValidation>('AppValidation').implement({
  description: 'What is wrong with a draft of an app, and what to know before deploying it.',
  fields: (t) => ({
    ok: t.exposeBoolean('ok', { description: 'False with problems, and with findings that are not allowed.' }),
    problems: t.field({
      type: [ComposeProblemRef],
      description: 'The app is refused because of these.',
      resolve: ({ problems }) => problems,
    }),
    warnings: t.field({
      type: [ComposeProblemRef],
      description: 'Worth knowing, but the app is accepted.',
      resolve: ({ warnings }) => warnings,
    }),
    findings: t.field({ type: [PolicyFindingRef], resolve: ({ findings }) => findings }),
    variables: t.field({ type: [ComposeVariableRef], resolve: ({ variables }) => variables }),
    resolved: t.exposeString('resolved', {
      nullable: true,
      complexity: costOfText,
      description: 'The file as Compose reads it, as YAML without secrets. Null when Compose refuses it or was not asked.',
    }),
  }),
})

builder.queryFields((t) => ({
  validateApp: t.field({
    type: AppValidationRef,
    ...permission('app.change'),
    description:
      'Checks a draft as createApp or, with appId, updateApp would, and changes nothing. A newer check by the same caller of the same app ends this one with CONFLICT.',
    args: { nodeId: t.arg.id({ required: true }), input: t.arg({ type: CreateAppInput, required: true }), appId: t.arg.id() },
    resolve: (_root, { nodeId, input, appId }, { user, signal }) => user.apps.validateApp(nodeId, { ...input, appId }, signal),
  }),
}))
