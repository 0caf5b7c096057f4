import { computed } from 'vue'
import type { InviteUserInput, UpdateUserInput } from '../../graphql/generated/graphql.ts'
import type { InvitationItem, NewInvitationItem, UserItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import {
  endUserSessions,
  inviteUser,
  removeUser,
  resetSecondFactor,
  updateUser,
  usersChanged,
  usersQuery,
  withdrawInvitation,
} from '../../graphql/documents/users.ts'
import { roleNames } from '../../utils/shared/roles.ts'
import { plural } from '../../utils/shared/format.ts'
import { useEvents } from '../shared/useEvents.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** What can be done with a person. */
export type UserAct = 'role' | 'sessions' | 'second-factor' | 'remove'
export interface ChosenUser {
  user: UserItem
  what: UserAct
}
export type Users = ReturnType<typeof useUsers>

/** The people who can sign in, and the invitations that are open, live: each change makes the cache load both again. */
export function useUsers() {
  const { state, data, problem, retry } = useLiveQuery(usersQuery, {})
  useEvents(usersChanged, {})
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()

  async function update({ id, login }: UserItem, input: UpdateUserInput): Promise<Problem | undefined> {
    return refusalOf(await mutate(updateUser, { id, input }), { title: `${login} is now ${roleNames[input.role]}` })
  }

  async function endSessions({ id, login, sessions }: UserItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(endUserSessions, { id }), { title: `${plural(sessions.length, 'session')} of ${login} ended` })
  }

  async function resetApp({ id, login }: UserItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(resetSecondFactor, { id }), { title: `${login} signs in without a code now` })
  }

  async function remove({ id, login }: UserItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(removeUser, { id }), { title: `${login} removed` })
  }

  async function invite(input: InviteUserInput): Promise<Outcome<NewInvitationItem>> {
    return picked(await mutate(inviteUser, { input }), (made) => made.inviteUser)
  }

  async function withdraw({ id }: InvitationItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(withdrawInvitation, { id }), { title: 'Invitation withdrawn' })
  }

  const users = computed(() => data.value?.users ?? [])
  const invitations = computed(() => data.value?.invitations ?? [])
  return { state, users, invitations, problem, retry, update, endSessions, resetApp, remove, invite, withdraw }
}
