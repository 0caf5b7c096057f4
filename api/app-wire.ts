import { z } from '@hono/zod-openapi'
import type { AppOperation } from './apps/app-service.ts'
import { bounds } from './bounds.ts'
import { scheduleActions } from './apps/schedules/schedule.ts'
import { appWire, operationWire, toWire } from './wire.ts'

/** Requests about apps and their answers as JSON. The same for people and between nodes. */

const overwriteFile = z
  .boolean()
  .nullish()
  .openapi({ description: "Replace files on disk even if they differ from the app's. Without this, a difference is a 409" })

/** What an app is made of besides its Compose file. A list replaces the whole list. */
const contents = {
  environment: z
    .array(
      z
        .object({
          name: z.string(),
          value: z.string().nullish().openapi({ description: 'Null on a secret keeps the stored one' }),
          secret: z.boolean().nullish().openapi({ description: 'Stored encrypted, and never shown again' }),
        })
        .openapi('EnvironmentVariableInput'),
    )
    .nullish(),
  files: z
    .array(
      z
        .object({
          path: z.string().openapi({ description: "Relative to the app's folder" }),
          content: z.string().nullish().openapi({ description: 'Null on a secret file keeps the stored one' }),
          secret: z
            .boolean()
            .nullish()
            .openapi({ description: 'Stored encrypted, never shown again, and readable on the node by its owner only' }),
        })
        .openapi('AppFileInput'),
    )
    .nullish()
    .openapi({ description: 'Text files beside the Compose file. At most 50, together 512 KiB' }),
  profiles: z.array(z.string()).nullish().openapi({ description: 'Compose profiles that are active' }),
}

const allow = z
  .array(z.string())
  .max(bounds.policy.allowed)
  .nullish()
  .openapi({
    description: 'Administrators only: what to allow besides what every app may, as `rule` or `rule:detail`',
    example: ['capability:NET_ADMIN'],
  })

const deadlineSeconds = z.int().min(1).max(bounds.deadlineSeconds).nullish().openapi({
  description: 'How long every service may take to become healthy, from the start of the last container. Without it: DEPLOY_DEADLINE',
})

export const restoreVolumesBody = z
  .object({ version: z.int().min(1).openapi({ description: 'The version before which the volumes were copied' }) })
  .openapi('RestoreVolumes')

export const startAppQuery = z.object({
  rollback: z
    .enum(['true', 'false'])
    .optional()
    .transform((word) => (word === undefined ? undefined : word === 'true'))
    .openapi({
      type: 'string',
      enum: ['true', 'false'],
      default: 'true',
      description: 'Wait until the app is healthy, and go back to the last healthy version if it does not become so',
    }),
})

export const rollbackBody = z
  .object({
    version: z.int().min(1).openapi({ description: 'The version to go back to. It becomes the next version' }),
    copy_volumes: z.boolean().nullish().openapi({ description: 'Stop the app and copy its named volumes first' }),
  })
  .openapi('RollBackApp')

const idempotencyKey = z.string().nullish().openapi({
  description: 'The same request with the same key is carried out once, within 24 hours. The answer is then the first operation',
})

export const createAppBody = z
  .object({
    name: z.string().default(''),
    description: z.string().nullish(),
    compose_content: z.string().default(''),
    overwrite_file: overwriteFile,
    allow,
    ...contents,
    rollback: z.boolean().nullish().openapi({ default: false, description: 'End with the verdict of the health gate' }),
    deadline_seconds: deadlineSeconds,
    idempotency_key: idempotencyKey,
  })
  .openapi('CreateApp', { required: ['name', 'compose_content'] })

export const importAppBody = z
  .object({
    project: z.string().default('').openapi({ description: 'The name of the Compose project' }),
    compose_content: z
      .string()
      .nullish()
      .openapi({ description: "The Compose file, if the project's own cannot be read. Without it one is drafted from what runs" }),
    environment: contents.environment,
    allow,
    confirm_folder: z
      .string()
      .max(bounds.foundProjects.path)
      .nullish()
      .openapi({ description: "The project's folder, if that is outside APPS_DIR: the app stays in it" }),
  })
  .openapi('ImportApp', { required: ['project'] })

export const validateAppBody = createAppBody
  .extend({
    app_id: z.string().nullish().openapi({ description: 'The app that the draft would change. Without it, the draft is a new app' }),
  })
  .openapi('ValidateApp', { required: ['compose_content'] })

export const updateAppBody = z
  .object({
    description: z.string().nullish(),
    compose_content: z.string().nullish(),
    pull: z.boolean().nullish().openapi({ description: 'Pull newer images before recreating the containers' }),
    if_version: z.int().nullish().openapi({ description: 'The app version that this change is based on. 409 if it is no longer current' }),
    overwrite_file: overwriteFile,
    take_from_disk: z
      .array(z.string().max(bounds.app.filePath))
      .max(bounds.app.files + 1)
      .nullish()
      .openapi({
        description: 'Files that become what they are on disk, secret ones too. One that is missing there is no longer part of the app',
        example: ['conf/nginx.conf'],
      }),
    allow,
    ...contents,
    reason: z.string().nullish().openapi({ description: 'Why, for the list of versions' }),
    rollback: z.boolean().nullish().openapi({
      default: true,
      description: 'Wait until the new version is healthy, and go back to the last healthy one if it does not become so',
    }),
    deadline_seconds: deadlineSeconds,
    copy_volumes: z.boolean().nullish().openapi({ default: false, description: 'Stop the app and copy its named volumes first' }),
    idempotency_key: idempotencyKey,
  })
  .openapi('UpdateApp')

export const updateImagesBody = z
  .object({
    services: z.array(z.string().max(bounds.container.service)).max(bounds.app.imageUpdates).nullish(),
    copy_volumes: z
      .boolean()
      .nullish()
      .openapi({ description: 'Stop the app and copy its named volumes before containers are made again' }),
  })
  .openapi('UpdateImages')

export const restartAppBody = z
  .object({
    services: z
      .array(z.string().max(bounds.container.service))
      .max(bounds.operation.services)
      .nullish()
      .openapi({ description: 'The services to restart. All of them if there are none' }),
  })
  .openapi('RestartApp')

export const schedulesBody = z.object({
  schedules: z.array(
    z.object({
      action: z.enum(scheduleActions),
      cron: z.string().default(''),
      time_zone: z.string().default(''),
      enabled: z.boolean().nullish(),
    }),
  ),
})

export const autoUpdateBody = z.object({
  policy: z
    .object({
      cron: z.string().default(''),
      time_zone: z.string().default(''),
      window_minutes: z.int().nullish().openapi({ default: 60 }),
      minimum_age_hours: z.int().nullish().openapi({ default: 0 }),
    })
    .nullable()
    .openapi({ description: 'Null turns it off' }),
})

const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .default('false')
    .transform((word) => word === 'true')
    .openapi({ type: 'string', enum: ['true', 'false'], default: 'false', description })

export const removeAppQuery = z.object({
  volumes: flag('Also remove its volumes'),
  files: flag('Also remove everything else in its folder'),
})

/** The app's fields at the top level, for people and scripts, plus `app` and `operation` in full. */
export const appOperationWire = appWire.extend({ operation_id: z.string(), app: appWire, operation: operationWire }).openapi('AppOperation')

export const presentAppOperation = ({ app, operation }: AppOperation) => toWire({ ...app, operationId: operation.id, app, operation })

/** Why a request about an app is refused, by status. */
export const appRefusals = {
  400: 'A field is invalid. `fields` names each one',
  404: 'There is no app with this id',
  409: 'The name is taken, or the app has changed since. `fields` says which',
  422: 'The Compose file asks for what the safety policy does not allow here. `fields` says what, and how an administrator allows it',
  503: 'The node is not online, or Docker does not answer there',
} as const
