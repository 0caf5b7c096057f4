import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { NodeLimit } from './caller.ts'
import type { Role } from './permissions.ts'
import { UserEntity } from './user.entity.ts'

/** An open invitation. It is deleted when it is used or withdrawn. */
export const InvitationEntity = defineEntity({
  name: 'Invitation',
  tableName: 'invitations',
  properties: {
    id: p.uuid().primary(),
    /** SHA-256. The code itself is shown once and never stored. */
    codeHash: p.string().unique(),
    /** For whom it is, in the words of whoever made it. */
    note: p.string(),
    role: p.string().$type<Role>(),
    /** Null means every node. */
    nodeLimit: p.json<Exclude<NodeLimit, null>>().strictNullable(),
    /** The account that made it. Null for tokens made on the server itself. */
    inviter: () => p.manyToOne(UserEntity).mapToPk().strictNullable().deleteRule('cascade'),
    /** The same by name. */
    invitedBy: p.string(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
  },
})

export type InvitationRow = InferEntity<typeof InvitationEntity>
