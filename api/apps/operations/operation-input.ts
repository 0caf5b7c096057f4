import { z } from '@hono/zod-openapi'

/**
 * What an operation was asked to do. With the operation's kind it is all that a runner needs, so the work can be done again after
 * the program was killed. Stored as it is, so it never holds a secret.
 */
const operationInput = z.object({
  // An update or a rollback.
  description: z.string().nullish(),
  /** The version to make current. */
  version: z.number().optional(),
  overwriteFile: z.boolean().nullish(),
  pull: z.boolean().nullish(),
  /** The version before which volumes were copied. */
  copiedBefore: z.number().optional(),
  copyVolumes: z.boolean().nullish(),
  // A deploy.
  rollback: z.boolean().nullish(),
  deadlineSeconds: z.number().nullish(),
  // A removal.
  volumes: z.boolean().nullish(),
  files: z.boolean().nullish(),
  /** The services to restart, or whose images to update; all of them if there are none. */
  services: z.array(z.string()).nullish(),
  /** What was judged by service, as digests: nothing else that a pull brings is deployed. */
  judged: z.record(z.string(), z.array(z.string())).nullish(),
  /** The image to pull. */
  image: z.string().optional(),
  /** The app's desired state before a start, a stop or a removal: what holds again if it is cancelled before it starts. */
  desiredBefore: z.enum(['running', 'stopped', 'unknown']).optional(),
})

export type OperationInput = z.output<typeof operationInput>

/** Null for operations of an earlier version, which stored none, and for what only a newer version can read. */
export const readOperationInput = (stored: unknown): OperationInput | null => operationInput.safeParse(stored).data ?? null
